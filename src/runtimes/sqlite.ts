import { resolve } from 'node:path'
import type { SqlRow, SqlValue } from '../adapters/sql-store.ts'
import { openSqliteAdapter } from '../adapters/sqlite.ts'
import type { SqliteDatabase } from '../adapters/sqlite-file.ts'
import { wordsOf } from '../core/errors.ts'
import type { MakeAdapter } from './adapter.ts'
import { refuseUncalled } from './adapter-option.ts'
import { shown } from './problems.ts'

/** Opens a file with SQLite. Throws where it can't. */
export type OpenSqlite = (file: string) => SqliteDatabase

/** Rooms' logs in a SQLite file that `open` opens. Throws, in words that begin with the file, where it can't be used. */
export const sqliteLogs =
  (open: OpenSqlite, file: string): MakeAdapter =>
  (deps) =>
    openSqliteAdapter(resolve(file), open, deps)

/** The same for an application, which knows it as `sqliteAdapter(file)`: that is whom errors name. */
export function sqliteAdapterWith(open: OpenSqlite, file: string): MakeAdapter {
  refuseUncalled(file, "sqliteAdapter('./parlor.db')")
  if (typeof file !== 'string' || file === '') {
    throw new TypeError(
      `sqliteAdapter: its file is ${shown(file)}; it must be a path, as in sqliteAdapter('./parlor.db')`,
    )
  }
  const make = sqliteLogs(open, file)
  return (deps) => {
    try {
      return make(deps)
    } catch (reason) {
      throw new Error(`sqliteAdapter: ${wordsOf(reason)}`, { cause: reason })
    }
  }
}

/** A statement of any binding. */
export interface PreparedStatement {
  all(...params: readonly SqlValue[]): readonly unknown[]
}

/** Statements that are prepared once. There are as many as the log's code has. */
export class Statements<S extends PreparedStatement> {
  readonly #prepare: (sql: string) => S
  readonly #prepared = new Map<string, S>()

  constructor(prepare: (sql: string) => S) {
    this.#prepare = prepare
  }

  all(sql: string, params: readonly SqlValue[]): readonly SqlRow[] {
    const known = this.#prepared.get(sql)
    const statement = known ?? this.#prepare(sql)
    if (!known) this.#prepared.set(sql, statement)
    const rows = statement.all(...params)
    if (rows.every(isRow)) return rows
    throw new TypeError('a row is no object')
  }

  values(): Iterable<S> {
    return this.#prepared.values()
  }
}

const isRow = (value: unknown): value is SqlRow => typeof value === 'object' && value !== null
