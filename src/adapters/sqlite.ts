import { wordsOf } from '../core/errors.ts'
import { SqlAdapter, type SqlAdapterDeps } from './sql-adapter.ts'
import { ownSqlite, type SqliteDatabase } from './sqlite-file.ts'

/** Rooms' logs in the SQLite file of `file`, which `open` opens. Fails, in words for who runs the service, where that can't be. */
export function openSqliteAdapter(
  file: string,
  open: (file: string) => SqliteDatabase,
  deps: Omit<SqlAdapterDeps, 'store'>,
): SqlAdapter {
  let db: SqliteDatabase | undefined
  try {
    db = open(file)
    return new SqlAdapter({ ...deps, store: ownSqlite(db) })
  } catch (reason) {
    db?.close()
    throw new Error(`${file}: ${inWords(reason)}`, { cause: reason })
  }
}

/** SQLite's own messages, which are the same in every binding, and what to do about them. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /database is locked/,
    'another process has it. One Parlor owns the file: stop the other one, or give this one a file of its own',
  ],
  [/unable to open/, 'can not be opened. Does its folder exist, and may this user read and write there?'],
  [/readonly|read-only/, 'can not be written. May this user write to the file and its folder?'],
  [/database or disk is full/, 'the disk is full'],
  [/not a database/, 'is not a SQLite database. Give Parlor another file, or move this one away'],
  [
    /malformed|corrupt/,
    'is damaged. Put a backup in its place, or move it away, with its -wal beside it, to begin with empty logs',
  ],
  [/disk I\/O error/, 'the disk fails'],
]

function inWords(reason: unknown): string {
  const message = wordsOf(reason)
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1]
  return advice === undefined ? message : `${advice} (SQLite: ${message})`
}
