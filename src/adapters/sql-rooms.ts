import type { Mark } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import { readMeta, writeMeta } from './sql-schema.ts'
import { integerOf, keyOf, optional, type SqlRow, type SqlStore, textOf, textOfKey } from './sql-store.ts'

/** A room's row: see `sql-schema.ts` for what its columns say. */
export interface RoomRow {
  readonly id: number
  readonly name: string
  readonly epoch: string
  readonly head: Mark
  readonly headTime: number
  readonly total: number
  readonly floor: Mark
  readonly trimmed: number
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
    return row && roomOf(row)
  }

  /** Makes an empty log. */
  create(name: string, epoch: string): RoomRow {
    const [row] = this.#store.exec(
      `INSERT INTO parlor_rooms (name, epoch, head, head_time, total, floor, trimmed) VALUES (?, ?, 0, 0, 0, 0, 0) RETURNING *`,
      keyOf(name),
      epoch,
    )
    if (!row) throw new Error('a room was inserted and not answered')
    return roomOf(row)
  }

  save({ id, head, headTime, total, floor, trimmed, look }: RoomRow): void {
    this.#store.exec(
      `UPDATE parlor_rooms SET head = ?, head_id = ?, head_time = ?, total = ?, floor = ?, floor_id = ?, trimmed = ?, look = ? WHERE id = ?`,
      head.offset,
      head.id ?? null,
      headTime,
      total,
      floor.offset,
      floor.id ?? null,
      trimmed,
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
      .map((row) => roomOf(row))
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
    trimmed: integerOf(row, 'trimmed'),
    look: optional(row, 'look', integerOf),
  }
}

function markOf(row: SqlRow, offset: string, id: string): Mark {
  const known = optional(row, id, textOf)
  return known === undefined ? { offset: integerOf(row, offset) } : { offset: integerOf(row, offset), id: known }
}
