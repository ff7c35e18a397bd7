import type { Publication } from '../core/broadcast-adapter.ts'
import { decodeRecord } from '../core/record.ts'
import type { RoomRow } from './sql-rooms.ts'
import { integerOf, type SqlRow, type SqlStore, textOf } from './sql-store.ts'

/** What bounds a log need to know of a publication. */
export interface StoredEntry {
  readonly id: string
  /** Never falls with the offset, whatever the clock did between two runs. */
  readonly time: number
  /** Bytes of all publications before it. */
  readonly before: number
}

export interface NewEntry extends StoredEntry {
  /** Its own. */
  readonly bytes: number
  readonly record: string
}

/** The rows of publications. */
export class SqlPublications {
  readonly #store: SqlStore

  constructor(store: SqlStore) {
    this.#store = store
  }

  insert(room: RoomRow, offset: number, { id, time, before, bytes, record }: NewEntry): void {
    this.#store.exec(
      'INSERT INTO parlor_publications (room, offset, id, time, before, bytes, record) VALUES (?, ?, ?, ?, ?, ?, ?)',
      room.id,
      offset,
      id,
      time,
      before,
      bytes,
      record,
    )
  }

  /** As `insert`, in the place of the one at `old`: one row is written where deleting and inserting would be two. */
  replace(room: RoomRow, old: number, offset: number, { id, time, before, bytes, record }: NewEntry): void {
    this.#store.exec(
      'UPDATE parlor_publications SET offset = ?, id = ?, time = ?, before = ?, bytes = ?, record = ? WHERE room = ? AND offset = ?',
      offset,
      id,
      time,
      before,
      bytes,
      record,
      room.id,
      old,
    )
  }

  at(room: RoomRow, offset: number): StoredEntry {
    const [row] = this.#store.exec(
      'SELECT id, time, before FROM parlor_publications WHERE room = ? AND offset = ?',
      room.id,
      offset,
    )
    if (!row) throw new Error(`the log of the room ${JSON.stringify(room.name)} has lost its publication ${offset}`)
    return { id: textOf(row, 'id'), time: integerOf(row, 'time'), before: integerOf(row, 'before') }
  }

  after(room: RoomRow, offset: number, limit: number): readonly Publication[] {
    return this.#store
      .exec(
        'SELECT offset, id, record FROM parlor_publications WHERE room = ? AND offset > ? ORDER BY offset LIMIT ?',
        room.id,
        offset,
        limit,
      )
      .map((row) => publicationOf(row))
  }

  /** Deletes the rows up to `offset`. */
  deleteTo(room: RoomRow, offset: number): void {
    this.#store.exec('DELETE FROM parlor_publications WHERE room = ? AND offset <= ?', room.id, offset)
  }
}

const publicationOf = (row: SqlRow): Publication => ({
  offset: integerOf(row, 'offset'),
  id: textOf(row, 'id'),
  ...decodeRecord(textOf(row, 'record')),
})
