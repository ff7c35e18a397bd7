import type { BroadcastAdapter } from '../../core/broadcast-adapter.ts'
import { openSqlite } from '../node-sqlite.ts'
import { type SqliteOptions, sqliteAdapterWith } from '../sqlite.ts'

export type { SqliteOptions }

/** Rooms' logs in a SQLite file, which outlive the process: an `adapter` for `createParlor`. Throws where the file can't be used. */
export function sqliteAdapter(file: string, options: SqliteOptions = {}): BroadcastAdapter {
  return sqliteAdapterWith(openSqlite, file, options)
}
