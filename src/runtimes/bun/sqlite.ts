import type * as BunSqlite from 'bun:sqlite'
import process from 'node:process'
import type { SqliteDatabase } from '../../adapters/sqlite-file.ts'
import type { MakeAdapter } from '../adapter.ts'
import { Statements, sqliteAdapterWith } from '../sqlite.ts'

/** Rooms' logs in a SQLite file, which outlive the process: an `adapter` for `createParlor`. `createParlor` throws where the file can't be used. */
export function sqliteAdapter(file: string): MakeAdapter {
  return sqliteAdapterWith(openSqlite, file)
}

/** Opens a file with Bun's own SQLite. */
export function openSqlite(file: string): SqliteDatabase {
  const sqlite = process.getBuiltinModule('bun:sqlite')
  if (!isBunSqlite(sqlite)) throw new Error(`Bun ${Bun.version} can not open it, since it has no SQLite`)
  const db = new sqlite.Database(file, { create: true, readwrite: true })
  const statements = new Statements((sql) => db.prepare<unknown, BunSqlite.SQLQueryBindings[]>(sql))
  return {
    run: (sql) => {
      db.run(sql)
    },
    all: (sql, params) => statements.all(sql, params),
    close: () => {
      // With a statement left the file would stay open, and locked, until it is collected.
      for (const statement of statements.values()) statement.finalize()
      db.close()
    },
  }
}

const isBunSqlite = (module: object | undefined): module is typeof BunSqlite =>
  module !== undefined && 'Database' in module && typeof module.Database === 'function'
