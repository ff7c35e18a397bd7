import { resolve } from 'node:path'
import type { SqlRow, SqlValue } from '../adapters/sql-store.ts'
import { openSqliteAdapter } from '../adapters/sqlite.ts'
import type { SqliteDatabase } from '../adapters/sqlite-file.ts'
import type { BroadcastAdapter } from '../core/broadcast-adapter.ts'
import { contained } from '../core/logger.ts'
import { systemClock, systemRandom } from '../http/platform.ts'
import { eventLoop } from './loop.ts'
import { type ParlorOptions, readOptions } from './options.ts'

/** The same `history` and `rooms` as `createParlor` is given. `log`: where it is said that the file can't be written. */
export type SqliteOptions = Pick<ParlorOptions, 'history' | 'rooms' | 'log'>

/** Rooms' logs in a SQLite file that `open` opens. Throws, in words for who runs it, where the file can't be used. */
export function sqliteAdapterWith(
  open: (file: string) => SqliteDatabase,
  file: string,
  options: SqliteOptions,
): BroadcastAdapter {
  const { limitsOf } = readOptions({ ...options, auth: 'off' })
  const nothing = (): void => {}
  const log = options.log ? contained(options.log) : { debug: nothing, info: nothing, warn: nothing, error: nothing }
  return openSqliteAdapter(resolve(file), open, {
    clock: systemClock,
    loop: eventLoop,
    random: systemRandom,
    limitsOf,
    log,
  })
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
