import type { OwnStore } from './sql-adapter.ts'
import { type SqlRow, type SqlValue, textOf } from './sql-store.ts'

/** What every runtime's SQLite offers. */
export interface SqliteDatabase {
  /** Runs a statement that answers nothing. */
  run(sql: string): void
  /** Runs a statement, which is prepared once. */
  all(sql: string, params: readonly SqlValue[]): readonly SqlRow[]
  close(): void
}

/** ms to wait for a process that is just ending. */
const LOCK_PATIENCE = 1000

/** A store in the file of `db`, for this process alone. Fails where it can't be that. */
export function ownSqlite(db: SqliteDatabase): OwnStore {
  db.run(`PRAGMA busy_timeout = ${LOCK_PATIENCE}`)
  // One process has the file, until it ends, however it ends: the system takes the lock back. Any other is refused.
  db.run('PRAGMA locking_mode = EXCLUSIVE')
  refuseForeign(db)
  // A commit is one write to the end of a second file, and done when the disk has it; on macOS too, where an ordinary sync
  // ends in the drive's cache.
  db.run('PRAGMA journal_mode = WAL')
  db.run('PRAGMA synchronous = FULL')
  db.run('PRAGMA fullfsync = ON')
  db.run('BEGIN EXCLUSIVE')
  db.run('COMMIT')
  refuseDamaged(db)
  return {
    exec: (sql, ...params) => db.all(sql, params),
    transaction: (work) => transaction(db, work),
    close: () => db.close(),
  }
}

function transaction<T>(db: SqliteDatabase, work: () => T): T {
  db.run('BEGIN')
  try {
    const result = work()
    db.run('COMMIT')
    return result
  } catch (reason) {
    try {
      db.run('ROLLBACK')
    } catch {
      // Where the disk is full SQLite has rolled back already. Should it not have, the next BEGIN says so.
    }
    throw reason
  }
}

/** Somebody mistyped a name rather than wants a log among these tables. */
function refuseForeign(db: SqliteDatabase): void {
  const tables = db.all("SELECT name FROM sqlite_master WHERE type = 'table'", []).map((row) => textOf(row, 'name'))
  if (tables.length > 0 && !tables.includes('parlor_meta')) {
    throw new Error(
      `belongs to something else: it has the tables ${tables.slice(0, 5).join(', ')}. Give Parlor a file of its own`,
    )
  }
}

/** Reads the whole file once, about a second a gigabyte: better now than in the middle of a conversation. */
function refuseDamaged(db: SqliteDatabase): void {
  const [found] = db.all('PRAGMA quick_check(1)', []).map((row) => textOf(row, 'quick_check'))
  if (found !== 'ok') throw new Error(`database disk image is malformed (${found})`)
}
