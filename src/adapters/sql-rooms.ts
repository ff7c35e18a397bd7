import type { Mark } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import { readMeta, writeMeta } from './sql-schema.ts'
import { integerOf, keyOf, optional, type SqlRow, type SqlStore, textOf, textOfKey } from './sql-store.ts'

/** A room's log. */
export interface RoomRow {
  readonly id: number
  readonly name: string
  readonly epoch: string
  /** The newest publication, also where it is not kept any more, and its time. */
  readonly head: Mark
  readonly headTime: number
  /** Bytes of all publications that there ever were. */
  readonly total: number
  /** The newest one that is known to be evicted: later ones may be. */
  readonly floor: Mark
  /** The oldest publication that has a row; 0: none has. Older than the floor or the floor itself, it is no longer of the log. */
  readonly first: number
  /** When something of it will have expired, ms since 1970; undefined: there is nothing that could. */
  readonly look: number | undefined
}

/**
 * The rooms that have a log. One that was never published to, or whose log was forgotten, has no row: its log is empty, and its epoch is
 * the era of the whole store, which ends whenever a log is forgotten. So no epoch ever names two logs of a room, and joining costs no write.
 */
export class SqlRooms {
  readonly #store: SqlStore
  readonly #random: Random

  constructor(store: SqlStore, random: Random) {
    this.#store = store
    this.#random = random
  }

  era(): string {
    const era = readMeta(this.#store, 'era')
    if (era === undefined) throw new Error('the table parlor_meta has lost its era')
    return era
  }

  find(name: string): RoomRow | undefined {
    const [row] = this.#store.exec('SELECT * FROM parlor_rooms WHERE name = ?', keyOf(name))
    return row && this.#withEnds(roomOf(row))
  }

  get isEmpty(): boolean {
    return this.#store.exec('SELECT 1 FROM parlor_rooms LIMIT 1').length === 0
  }

  /** Makes an empty log. */
  create(name: string, epoch: string): RoomRow {
    this.#store.exec(
      'INSERT INTO parlor_rooms (name, epoch, head, head_time, total, floor) VALUES (?, ?, 0, 0, 0, 0)',
      keyOf(name),
      epoch,
    )
    const room = this.find(name)
    if (!room) throw new Error('a room was inserted and is not there')
    return room
  }

  /** Needed where its newest or oldest publications are deleted, or it is to be looked at another time. */
  save({ id, head, headTime, total, floor, look }: RoomRow): void {
    this.#store.exec(
      `UPDATE parlor_rooms SET head = ?, head_id = ?, head_time = ?, total = ?, floor = ?, floor_id = ?, look = ? WHERE id = ?`,
      head.offset,
      head.id ?? null,
      headTime,
      total,
      floor.offset,
      floor.id ?? null,
      look ?? null,
      id,
    )
  }

  /** Forgets a log, whose other rows are gone. */
  remove({ id }: RoomRow): void {
    this.#store.exec('DELETE FROM parlor_rooms WHERE id = ?', id)
    writeMeta(this.#store, 'era', this.#random.id(10))
  }

  /** The rooms to be looked at by `now`, at most `limit`. */
  due(now: number, limit: number): readonly RoomRow[] {
    return this.#store
      .exec('SELECT * FROM parlor_rooms WHERE look <= ? ORDER BY look LIMIT ?', now, limit)
      .map((row) => this.#withEnds(roomOf(row)))
  }

  /** When to look at the next one; undefined: never. */
  nextLook(): number | undefined {
    const [row] = this.#store.exec('SELECT min(look) AS look FROM parlor_rooms')
    return row && optional(row, 'look', integerOf)
  }

  /** Puts off looking at rooms until `time`, and has those looked at that were kept because somebody was in them. */
  lookNotBefore(time: number): void {
    this.#store.exec('UPDATE parlor_rooms SET look = ? WHERE look IS NULL OR look < ?', time, time)
  }

  /** Its own row is not written for every publication: what the newest and the oldest of those say goes before it. */
  #withEnds(room: RoomRow): RoomRow {
    const [newest] = this.#store.exec(
      'SELECT offset, id, time, before + bytes AS total FROM parlor_publications WHERE room = ? ORDER BY offset DESC LIMIT 1',
      room.id,
    )
    const [oldest] = this.#store.exec(
      'SELECT offset, id FROM parlor_publications WHERE room = ? ORDER BY offset LIMIT 1',
      room.id,
    )
    if (!newest || !oldest) return room
    const first = integerOf(oldest, 'offset')
    return {
      ...room,
      head: markOf(newest, 'offset', 'id'),
      headTime: integerOf(newest, 'time'),
      total: integerOf(newest, 'total'),
      // Where the one before it is gone the oldest one stays for as long as it is the floor, or older.
      floor: first > room.floor.offset + 1 ? markOf(oldest, 'offset', 'id') : room.floor,
      first,
    }
  }
}

function roomOf(row: SqlRow): RoomRow {
  return {
    id: integerOf(row, 'id'),
    name: textOfKey(textOf(row, 'name')),
    epoch: textOf(row, 'epoch'),
    head: markOf(row, 'head', 'head_id'),
    headTime: integerOf(row, 'head_time'),
    total: integerOf(row, 'total'),
    floor: markOf(row, 'floor', 'floor_id'),
    first: 0,
    look: optional(row, 'look', integerOf),
  }
}

function markOf(row: SqlRow, offset: string, id: string): Mark {
  const known = optional(row, id, textOf)
  return known === undefined ? { offset: integerOf(row, offset) } : { offset: integerOf(row, offset), id: known }
}
