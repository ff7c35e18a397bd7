import type { StreamPosition } from '../core/protocol.ts'
import type { Announced } from './object-peers.ts'
import { readMeta, writeMeta } from './sql-schema.ts'
import { integerOf, keyOf, optional, type SqlStore, textOf, textOfKey } from './sql-store.ts'

/** What leads from each version of these tables to the next. What was released is never changed. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // Objects that hear of what is published to this object's room.
    'CREATE TABLE parlor_audience (object TEXT PRIMARY KEY) WITHOUT ROWID',
    // Rooms of other objects that this one hears of, and up to where it has handed out what they publish.
    `CREATE TABLE parlor_subscriptions (
      room TEXT PRIMARY KEY,
      epoch TEXT NOT NULL,
      offset INTEGER NOT NULL,
      id TEXT
    ) WITHOUT ROWID`,
    // What is to be kept of a connection and is too large for its socket's attachment.
    'CREATE TABLE parlor_connections (id TEXT PRIMARY KEY, kept TEXT NOT NULL) WITHOUT ROWID',
  ],
]

const VERSION = 'object'
const TOLD = 'told'

/** What an object knows of others, beside its room's log. */
export class ObjectTables {
  readonly #store: SqlStore

  /** Makes or migrates the tables. Fails where a newer Parlor made them. */
  constructor(store: SqlStore) {
    this.#store = store
    store.transaction(() => migrate(store))
  }

  get isEmpty(): boolean {
    const kept = ['audience', 'subscriptions', 'connections'].map((name) => `SELECT 1 FROM parlor_${name}`)
    return this.#store.exec(`SELECT 1 WHERE EXISTS (${kept.join(' UNION ALL ')})`).length === 0
  }

  audience(): readonly string[] {
    return this.#store.exec('SELECT object FROM parlor_audience').map((row) => textOfKey(textOf(row, 'object')))
  }

  admit(object: string): void {
    this.#store.exec('INSERT OR IGNORE INTO parlor_audience (object) VALUES (?)', keyOf(object))
  }

  dismiss(object: string): void {
    this.#store.exec('DELETE FROM parlor_audience WHERE object = ?', keyOf(object))
  }

  subscription(room: string): StreamPosition | undefined {
    const [row] = this.#store.exec('SELECT epoch, offset, id FROM parlor_subscriptions WHERE room = ?', keyOf(room))
    if (!row) return undefined
    const id = optional(row, 'id', textOf)
    const position = { epoch: textOf(row, 'epoch'), offset: integerOf(row, 'offset') }
    return id === undefined ? position : { ...position, id }
  }

  subscriptions(): readonly string[] {
    return this.#store.exec('SELECT room FROM parlor_subscriptions').map((row) => textOfKey(textOf(row, 'room')))
  }

  saveSubscription(room: string, { epoch, offset, id }: StreamPosition): void {
    this.#store.exec(
      'INSERT OR REPLACE INTO parlor_subscriptions (room, epoch, offset, id) VALUES (?, ?, ?, ?)',
      keyOf(room),
      epoch,
      offset,
      id ?? null,
    )
  }

  deleteSubscription(room: string): void {
    this.#store.exec('DELETE FROM parlor_subscriptions WHERE room = ?', keyOf(room))
  }

  /** All who hear of the own room are known to have been told of this publication. */
  isTold({ epoch, publication }: Announced): boolean {
    return readMeta(this.#store, TOLD) === `${epoch} ${publication.offset}`
  }

  saveTold({ epoch, publication }: Announced): void {
    writeMeta(this.#store, TOLD, `${epoch} ${publication.offset}`)
  }

  connection(id: string): string | undefined {
    const [row] = this.#store.exec('SELECT kept FROM parlor_connections WHERE id = ?', id)
    return row && textOf(row, 'kept')
  }

  saveConnection(id: string, kept: string): void {
    this.#store.exec('INSERT OR REPLACE INTO parlor_connections (id, kept) VALUES (?, ?)', id, kept)
  }

  /** Forgets all connections but these. */
  keepConnections(ids: ReadonlySet<string>): void {
    for (const row of this.#store.exec('SELECT id FROM parlor_connections')) {
      const id = textOf(row, 'id')
      if (!ids.has(id)) this.deleteConnection(id)
    }
  }

  deleteConnection(id: string): void {
    this.#store.exec('DELETE FROM parlor_connections WHERE id = ?', id)
  }
}

function migrate(store: SqlStore): void {
  store.exec('CREATE TABLE IF NOT EXISTS parlor_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
  const version = Number(readMeta(store, VERSION) ?? 0)
  if (!(version <= MIGRATIONS.length)) {
    throw new Error(
      `was written by a newer Parlor (version ${version}, this one knows ${MIGRATIONS.length}). Deploy that one again`,
    )
  }
  for (const statement of MIGRATIONS.slice(version).flat()) store.exec(statement)
  if (version < MIGRATIONS.length) writeMeta(store, VERSION, `${MIGRATIONS.length}`)
}
