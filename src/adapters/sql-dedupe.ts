import { DEDUPE_LIMITS, type DedupeAnswer, mayBeForgotten } from '../core/dedupe.ts'
import type { RoomRow } from './sql-rooms.ts'
import { integerOf, keyOf, type SqlRow, type SqlStore, textOf } from './sql-store.ts'

/** A publisher's ids beyond the window are deleted so many at a time. */
const CHUNK = 64

/** A client id on its way to a log. */
export interface ClientKey {
  readonly publisher: string
  readonly clientId: string
  readonly fingerprint: string
  /** ms since it was first sent. */
  readonly age: number
}

/** What rooms remember of client ids: as `Dedupe` does, in SQL. */
export class SqlDedupe {
  /** ms for which an id is remembered. */
  static readonly WINDOW = DEDUPE_LIMITS.ttl
  readonly #store: SqlStore

  constructor(store: SqlStore) {
    this.#store = store
  }

  ask(room: RoomRow | undefined, key: ClientKey, now: number): DedupeAnswer {
    const { ttl, perPublisher } = DEDUPE_LIMITS
    const expired = now - ttl
    const last = room ? this.#last(room, key) : 0
    const seen = room && this.#find(room, key)
    if (room && seen && integerOf(seen, 'time') > expired && integerOf(seen, 'n') > last - perPublisher) {
      if (textOf(seen, 'fingerprint') !== key.fingerprint) return { kind: 'reused' }
      const { epoch } = room
      return { kind: 'duplicate', position: { epoch, offset: integerOf(seen, 'offset'), id: textOf(seen, 'id') } }
    }
    if (key.age <= 0) return { kind: 'fresh' }
    const forgotten = room ? this.#pushedOut(room, key, last - perPublisher) : 0
    return mayBeForgotten(key.age, now, forgotten, DEDUPE_LIMITS) ? { kind: 'unknown' } : { kind: 'fresh' }
  }

  remember(room: RoomRow, key: ClientKey, offset: number, id: string, now: number): void {
    const n = this.#last(room, key) + 1
    this.#store.exec(
      `INSERT OR REPLACE INTO parlor_client_ids (room, publisher, n, client_id, fingerprint, offset, id, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      room.id,
      keyOf(key.publisher),
      n,
      keyOf(key.clientId),
      key.fingerprint,
      offset,
      id,
      now,
    )
    if (n % CHUNK > 0 || n <= DEDUPE_LIMITS.perPublisher) return
    // The newest of those that were pushed out stays: its time says since when all are remembered.
    this.#store.exec(
      'DELETE FROM parlor_client_ids WHERE room = ? AND publisher = ? AND n < ?',
      room.id,
      keyOf(key.publisher),
      n - DEDUPE_LIMITS.perPublisher,
    )
  }

  /** Forgets ids that are older than the window, at most about `limit`. Answers when all that are left will be; undefined: none is. */
  expire(room: RoomRow, now: number, limit: number): number | undefined {
    const cutoff = now - DEDUPE_LIMITS.ttl
    const [far] = this.#store.exec(
      'SELECT time FROM parlor_client_ids WHERE room = ? ORDER BY time LIMIT 1 OFFSET ?',
      room.id,
      limit,
    )
    const until = far ? Math.min(cutoff, integerOf(far, 'time')) : cutoff
    this.#store.exec('DELETE FROM parlor_client_ids WHERE room = ? AND time <= ?', room.id, until)
    if (until < cutoff) return now
    const [newest] = this.#store.exec(
      'SELECT time FROM parlor_client_ids WHERE room = ? ORDER BY time DESC LIMIT 1',
      room.id,
    )
    return newest && integerOf(newest, 'time') + DEDUPE_LIMITS.ttl
  }

  #find(room: RoomRow, { publisher, clientId }: ClientKey): SqlRow | undefined {
    const [row] = this.#store.exec(
      'SELECT n, fingerprint, offset, id, time FROM parlor_client_ids WHERE room = ? AND publisher = ? AND client_id = ?',
      room.id,
      keyOf(publisher),
      keyOf(clientId),
    )
    return row
  }

  #last(room: RoomRow, { publisher }: ClientKey): number {
    const [row] = this.#store.exec(
      'SELECT n FROM parlor_client_ids WHERE room = ? AND publisher = ? ORDER BY n DESC LIMIT 1',
      room.id,
      keyOf(publisher),
    )
    return row ? integerOf(row, 'n') : 0
  }

  /** When the newest of the ids up to `n` came: they were pushed out by newer ones. */
  #pushedOut(room: RoomRow, { publisher }: ClientKey, n: number): number {
    const [row] = this.#store.exec(
      'SELECT time FROM parlor_client_ids WHERE room = ? AND publisher = ? AND n <= ? ORDER BY n DESC LIMIT 1',
      room.id,
      keyOf(publisher),
      n,
    )
    return row ? integerOf(row, 'time') : 0
  }
}
