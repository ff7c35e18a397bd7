import process from 'node:process'
import type { SqlValue } from '../adapters/sql-store.ts'
import type { SqliteDatabase } from '../adapters/sqlite-file.ts'
import { Statements } from './sqlite.ts'

/** What is used of `node:sqlite`: Node has it from 22.5 on, and Deno. The types at hand are of Node 20. */
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => NodeDatabase
}

interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): { all(...params: readonly SqlValue[]): readonly unknown[] }
  close(): void
}

/** Opens a file with the runtime's own SQLite. */
export function openSqlite(file: string): SqliteDatabase {
  const sqlite = process.getBuiltinModule('node:sqlite')
  if (!isNodeSqlite(sqlite)) {
    throw new Error(
      `Node ${process.versions.node} can not open it, since it has no SQLite. Take Node 22.13 or newer (22.5 with --experimental-sqlite), Deno or Bun; or keep the logs in memory`,
    )
  }
  const db = new sqlite.DatabaseSync(file)
  const statements = new Statements((sql) => db.prepare(sql))
  return {
    run: (sql) => db.exec(sql),
    all: (sql, params) => statements.all(sql, params),
    close: () => db.close(),
  }
}

const isNodeSqlite = (module: object | undefined): module is NodeSqlite =>
  module !== undefined && 'DatabaseSync' in module && typeof module.DatabaseSync === 'function'
