import { type ClientKey, DEDUPE_LIMITS, type DedupeAnswer, mayBeForgotten } from '../core/dedupe.ts'
import type { RoomRow } from './sql-rooms.ts'
import { integerOf, keyOf, type SqlRow, type SqlStore, textOf } from './sql-store.ts'

/** Where a room's ids were looked through up to, and whether some of them have to stay. */
interface Sweep {
  readonly publisher: string
  readonly n: number
  readonly isAnyLeft: boolean
}

/** What rooms remember of client ids: as `Dedupe` does, in SQL. */
export class SqlDedupe {
  /** ms for which an id is remembered. */
  static readonly WINDOW = DEDUPE_LIMITS.ttl
  readonly #store: SqlStore
  /** How far those are that a sweep has begun with, by room. */
  readonly #sweeps = new Map<number, Sweep>()

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

  /** In the place of the publisher's oldest id, where that need not be known any more: deleting it would be one more row written. */
  remember(room: RoomRow, key: ClientKey, offset: number, id: string, now: number): void {
    const publisher = keyOf(key.publisher)
    const n = this.#last(room, key) + 1
    const [oldest] = this.#store.exec(
      'SELECT n, time FROM parlor_client_ids WHERE room = ? AND publisher = ? ORDER BY n LIMIT 1',
      room.id,
      publisher,
    )
    const entry = [n, keyOf(key.clientId), key.fingerprint, offset, id, now] as const
    // The newest of those that were pushed out stays: its time says since when all are remembered.
    const { ttl, perPublisher } = DEDUPE_LIMITS
    if (oldest && (integerOf(oldest, 'time') <= now - ttl || integerOf(oldest, 'n') < n - perPublisher)) {
      this.#store.exec(
        `UPDATE OR REPLACE parlor_client_ids SET n = ?, client_id = ?, fingerprint = ?, offset = ?, id = ?, time = ?
          WHERE room = ? AND publisher = ? AND n = ?`,
        ...entry,
        room.id,
        publisher,
        integerOf(oldest, 'n'),
      )
    } else {
      this.#store.exec(
        `INSERT OR REPLACE INTO parlor_client_ids (n, client_id, fingerprint, offset, id, time, room, publisher)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...entry,
        room.id,
        publisher,
      )
    }
  }

  /**
   * Forgets ids that are older than the window, `limit` of all at a time. Answers when to call again; undefined: none is left. Where it was
   * is known to memory alone: a new process begins anew.
   */
  expire(room: RoomRow, now: number, limit: number): number | undefined {
    const cutoff = now - DEDUPE_LIMITS.ttl
    const sweep = this.#sweeps.get(room.id) ?? { publisher: '', n: 0, isAnyLeft: false }
    const rows = this.#store.exec(
      'SELECT publisher, n, time FROM parlor_client_ids WHERE room = ? AND (publisher, n) > (?, ?) ORDER BY publisher, n LIMIT ?',
      room.id,
      sweep.publisher,
      sweep.n,
      limit,
    )
    const last = rows.at(-1)
    const isAnyLeft = sweep.isAnyLeft || rows.some((row) => integerOf(row, 'time') > cutoff)
    if (last) {
      const to = { publisher: textOf(last, 'publisher'), n: integerOf(last, 'n') }
      this.#store.exec(
        'DELETE FROM parlor_client_ids WHERE room = ? AND (publisher, n) > (?, ?) AND (publisher, n) <= (?, ?) AND time <= ?',
        room.id,
        sweep.publisher,
        sweep.n,
        to.publisher,
        to.n,
        cutoff,
      )
      if (rows.length === limit) {
        // What is published meanwhile may lie before that: it is younger than all that was seen.
        this.#sweeps.set(room.id, { ...to, isAnyLeft: isAnyLeft || room.headTime > cutoff })
        return now
      }
    }
    this.#sweeps.delete(room.id)
    return isAnyLeft ? room.headTime + DEDUPE_LIMITS.ttl : undefined
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
