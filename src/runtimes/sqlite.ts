import { resolve } from 'node:path'
import type { SqlRow, SqlValue } from '../adapters/sql-store.ts'
import { openSqliteAdapter } from '../adapters/sqlite.ts'
import type { SqliteDatabase } from '../adapters/sqlite-file.ts'
import type { MakeAdapter } from './adapter.ts'

/** Rooms' logs in a SQLite file that `open` opens. */
export const sqliteAdapterWith =
  (open: (file: string) => SqliteDatabase, file: string): MakeAdapter =>
  (deps) =>
    openSqliteAdapter(resolve(file), open, deps)

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
