import type { MakeAdapter } from '../adapter.ts'
import { openSqlite } from '../node-sqlite.ts'
import { sqliteAdapterWith } from '../sqlite.ts'

/** Rooms' logs in a SQLite file, which outlive the process: an `adapter` for `createParlor`, on Node 22.13 or newer. `createParlor` throws where the file can't be used. */
export function sqliteAdapter(file: string): MakeAdapter {
  return sqliteAdapterWith(openSqlite, file)
}
