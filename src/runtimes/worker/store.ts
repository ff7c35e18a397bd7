import type { SqlRow, SqlStore } from '../../adapters/sql-store.ts'

/** The SQLite of an object. What is written in one go is committed before anything that is sent afterwards leaves the object. */
export function storeOf(storage: DurableObjectStorage): SqlStore {
  return {
    exec: (sql, ...params): readonly SqlRow[] => storage.sql.exec(sql, ...params).toArray(),
    transaction: (work) => storage.transactionSync(work),
  }
}
