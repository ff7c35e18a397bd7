import type { Draft, HistoryPage, HistoryStart, LogLimits, Publication } from '../core/broadcast-adapter.ts'
import { type ClientKey, clientKey, recalled } from '../core/dedupe.ts'
import type { Mark } from '../core/log.ts'
import type { StreamPosition } from '../core/protocol.ts'
import { type Random, sequentialIds } from '../core/random.ts'
import { encodeRecord } from '../core/record.ts'
import { placed } from './placed.ts'
import { SqlDedupe } from './sql-dedupe.ts'
import { type NewEntry, SqlPublications } from './sql-publications.ts'
import { type RoomRow, SqlRooms } from './sql-rooms.ts'
import { migrate } from './sql-schema.ts'
import type { SqlStore } from './sql-store.ts'

/** Evicted rows beyond those that the next publications replace, before they are deleted; large ones are at once. */
const SPARE = 64
const LARGE = 4096
/** How much one call of `expire` does: rooms, and rows of each. */
const ROOMS_AT_ONCE = 50
const ROWS_AT_ONCE = 1000

/** ms for which an empty log outlives its last member, or the process. */
export const GRACE = SqlDedupe.WINDOW

export interface SqlLogDeps {
  readonly store: SqlStore
  readonly random: Random
  readonly limitsOf: (room: string) => LogLimits
}

/** A publication that is ready to be stored. */
export interface Entry {
  readonly publication: Publication
  readonly record: string
  readonly bytes: number
  readonly key: ClientKey | undefined
}

export interface Appended {
  readonly position: StreamPosition
  /** What was appended; undefined: it was there already. */
  readonly publication: Publication | undefined
}

/**
 * The logs of rooms in a SQL store: order, dedupe, bounds. All truth is in the store: nothing here would be lost with the process.
 * Methods that write are to be called within a transaction of the store. `held` is the epoch of a room that somebody is in.
 */
export class SqlLog {
  readonly #limitsOf: (room: string) => LogLimits
  readonly #nextId: () => string
  readonly #rooms: SqlRooms
  readonly #publications: SqlPublications
  readonly #dedupe: SqlDedupe

  /** Makes or migrates the tables, in a transaction of its own. Fails where a newer Parlor made them. */
  constructor({ store, random, limitsOf }: SqlLogDeps) {
    this.#limitsOf = limitsOf
    this.#nextId = sequentialIds(random)
    this.#rooms = new SqlRooms(store, random)
    this.#publications = new SqlPublications(store)
    this.#dedupe = new SqlDedupe(store)
    migrate(store, random)
  }

  /** After a restart whoever was in a room has some time to come back to its log, also where it has expired meanwhile. */
  reopen(now: number): void {
    this.#rooms.lookNotBefore(now + GRACE)
  }

  /** What can fail for this one draft alone fails here, before it is among others. */
  prepare({ from, body, clientId, age }: Draft, time: number): Entry {
    const own = clientId === undefined ? {} : { clientId }
    const publication = { id: this.#nextId(), from, time, body, ...own }
    const record = encodeRecord(publication)
    const content = JSON.stringify(body)
    const key = clientId === undefined ? undefined : clientKey(from.id, clientId, content, age)
    return { publication, record, bytes: content.length, key }
  }

  head(name: string, held?: string): StreamPosition {
    const room = this.#rooms.find(name)
    return room ? { epoch: room.epoch, ...room.head } : { epoch: held ?? this.#rooms.era(), offset: 0 }
  }

  /** Appends, unless it is there already. Fails with a RequestError, and without a write, where the dedupe says so. */
  append(name: string, { publication, record, bytes, key }: Entry, held?: string): Appended {
    const now = publication.time
    const known = this.#rooms.find(name)
    const earlier = key && recalled(this.#dedupe.ask(known, key, now))
    if (earlier) return { position: earlier, publication: undefined }

    const room = known ?? this.#rooms.create(name, held ?? this.#rooms.era())
    const offset = room.head.offset + 1
    const { id } = publication
    const time = Math.max(now, room.headTime)
    this.#insert(room, offset, { id, time, before: room.total, bytes, record }, now)
    if (key) this.#dedupe.remember(room, key, offset, id, now)

    const look = this.#lookOf(room, now, key)
    const grown = { ...room, head: { offset, id }, headTime: time, total: room.total + bytes, look }
    if (look !== room.look) this.#rooms.save(grown)
    return { position: { epoch: room.epoch, offset, id }, publication: placed(publication, offset) }
  }

  read(name: string, start: HistoryStart, limit: number, now: number, held?: string): HistoryPage {
    const room = this.#rooms.find(name)
    if (!room) {
      const head = { epoch: held ?? this.#rooms.era(), offset: 0 }
      return { publications: [], start: head, head, intact: start.epoch === head.epoch && isSame(start, head) }
    }
    const { epoch } = room
    const floor = this.#floorOf(room, now)
    const mark = start.epoch === epoch ? this.#markAt(room, floor, start.offset) : undefined
    const intact = mark !== undefined && isSame(start, mark)
    const from = intact ? mark : floor
    const publications = this.#publications.after(room, from.offset, limit)
    return { publications, start: { epoch, ...from }, head: { epoch, ...room.head }, intact }
  }

  /** The newest publication, for as long as it has a row: also where it has expired. */
  newest(name: string): { readonly epoch: string; readonly publication: Publication } | undefined {
    const room = this.#rooms.find(name)
    if (!room) return undefined
    const [publication] = this.#publications.after(room, room.head.offset - 1, 1)
    return publication && { epoch: room.epoch, publication }
  }

  /** Nobody is in the room any more: its log is kept for who comes back soon, also where it is empty or will be before that. */
  release(name: string, now: number): void {
    const room = this.#rooms.find(name)
    const look = now + GRACE
    if (room && (room.look === undefined || room.look < look)) this.#rooms.save({ ...room, look })
  }

  /** No room has a log. */
  get isEmpty(): boolean {
    return this.#rooms.isEmpty
  }

  /** When to call `expire` next, in ms since 1970; undefined: there is nothing that could expire. */
  get nextLook(): number | undefined {
    return this.#rooms.nextLook()
  }

  /**
   * Deletes some of what has expired, and forgets logs of which nothing is left and that nobody is in. `spare`: the newest publication of each
   * log is left, and looked at again then.
   */
  expire(now: number, isHeld: (room: string) => boolean, spare?: number): void {
    for (const room of this.#rooms.due(now, ROOMS_AT_ONCE)) {
      const idsLeft = this.#dedupe.expire(room, now, ROWS_AT_ONCE)
      const swept = this.#swept({ ...room, floor: this.#floorOf(room, now) }, now, idsLeft, spare)
      if (swept.look !== undefined || isHeld(room.name)) this.#rooms.save(swept)
      else this.#rooms.remove(room)
    }
  }

  #floorOf(room: RoomRow, now: number): Mark {
    const offset = this.#evictedTo(room, now, room.head.offset)
    return offset === room.floor.offset ? room.floor : { offset, id: this.#publications.at(room, offset).id }
  }

  /**
   * Up to which publication nothing is kept: bounded in number, bytes and time. The newest outlives the bound in bytes. `last`: the newest
   * one that has a row.
   */
  #evictedTo(room: RoomRow, now: number, last: number): number {
    const { size, bytes, ttl } = this.#limitsOf(room.name)
    const { offset: head } = room.head
    const isEvicted = (offset: number): boolean => {
      if (offset > last) return false
      const { time, before } = this.#publications.at(room, offset)
      return time <= now - ttl || (offset < head && room.total - before > bytes)
    }
    // What is evicted is a beginning of the log: first in growing steps, then by halves.
    let evicted = Math.max(room.floor.offset, head - size)
    let step = 1
    while (isEvicted(evicted + step)) {
      evicted += step
      step *= 2
    }
    for (let kept = Math.min(evicted + step, last + 1); kept - evicted > 1; ) {
      const middle = Math.floor((evicted + kept) / 2)
      if (isEvicted(middle)) evicted = middle
      else kept = middle
    }
    return evicted
  }

  /** The mark at `offset`, where the log still knows it: floor, head or what is kept between. */
  #markAt(room: RoomRow, floor: Mark, offset: number): Mark | undefined {
    if (offset === floor.offset) return floor
    if (offset < floor.offset || offset > room.head.offset) return undefined
    return { offset, id: this.#publications.at(room, offset).id }
  }

  /** In the place of the oldest one, where that was evicted, and others after it: the newest of these stays, as the floor. */
  #insert(room: RoomRow, offset: number, entry: NewEntry, now: number): void {
    const grown = { ...room, head: { offset, id: entry.id }, total: room.total + entry.bytes }
    const floor = this.#evictedTo(grown, now, offset - 1)
    const spare = floor - room.first
    const isFree = room.first > 0 && spare > 0
    if (isFree) this.#publications.replace(room, room.first, offset, entry)
    else this.#publications.insert(room, offset, entry)
    const most = entry.record.length > LARGE ? 1 : SPARE
    if (isFree && spare > most) this.#publications.deleteTo(room, floor - 1)
  }

  /** Deletes some of the evicted rows and says when to look again. */
  #swept(room: RoomRow, now: number, idsLeft: number | undefined, spare: number | undefined): RoomRow {
    const last = spare === undefined ? room.floor.offset : Math.min(room.floor.offset, room.head.offset - 1)
    const until = Math.min(last, room.first - 1 + ROWS_AT_ONCE)
    if (room.first > 0 && until >= room.first) this.#publications.deleteTo(room, until)
    const { ttl } = this.#limitsOf(room.name)
    const left = room.floor.offset < room.head.offset ? room.headTime + ttl : undefined
    const rest = room.first > 0 && until < last ? now : undefined
    const spared = last < room.floor.offset ? spare : undefined
    return { ...room, look: earliest(left, idsLeft, rest, spared) }
  }

  #lookOf(room: RoomRow, now: number, key: ClientKey | undefined): number | undefined {
    const { ttl } = this.#limitsOf(room.name)
    return earliest(room.look, now + ttl, key && now + SqlDedupe.WINDOW)
  }
}

const earliest = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length > 0 ? Math.min(...known, Number.MAX_SAFE_INTEGER) : undefined
}

/** A start without an id is not compared. */
const isSame = (start: Mark, mark: Mark): boolean =>
  start.offset === mark.offset && (start.id === undefined || start.id === mark.id)
