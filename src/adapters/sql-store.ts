export type SqlValue = string | number | null

/** One row, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>

/**
 * The little that a log needs of a SQL database: SQLite in a file, or the storage of a Durable Object. Everything is done when a call
 * returns.
 */
export interface SqlStore {
  /** Runs one statement and answers its rows. */
  exec(sql: string, ...params: readonly SqlValue[]): readonly SqlRow[]
  /** Does `work` as a whole or, where it or the commit fails, not at all; then it throws. Not to be nested. */
  transaction<T>(work: () => T): T
}

export function integerOf(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new TypeError(`the column ${column} holds no integer: ${String(value)}`)
}

export function textOf(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new TypeError(`the column ${column} holds no text: ${String(value)}`)
}

/** What a column that may be NULL holds. */
export function optional<T>(row: SqlRow, column: string, read: (row: SqlRow, column: string) => T): T | undefined {
  return row[column] === null ? undefined : read(row, column)
}

/**
 * Any string as a text that a database keeps as it is: without NUL, at which some bindings cut off, and without lone surrogates, which
 * become one and the same character in UTF-8.
 */
export const keyOf = (text: string): string => JSON.stringify(text)

/** What `keyOf` was made of. */
export function textOfKey(key: string): string {
  const text: unknown = JSON.parse(key)
  if (typeof text === 'string') return text
  throw new TypeError(`not a key: ${key.slice(0, 80)}`)
}
