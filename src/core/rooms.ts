import type { Publication } from './broadcast-adapter.ts'
import { type Eventually, isLater, settle } from './eventually.ts'
import type { StreamPosition } from './protocol.ts'
import { Room, type RoomDeps } from './room.ts'
import { within } from './within.ts'

/** Publications that may be announced before the adapter's answer to `subscribe` has been read; later ones are filled from its log. */
const MAX_EARLY = 1024

/** Rooms that are compared with the adapter's log at the same time. */
const CHECKS = 16

/** ms until a failed unsubscribe is tried again. */
const RETRY = 1000

/** A room that somebody is in, or on the way into. */
type Entry =
  | {
      readonly kind: 'opening'
      readonly room: Promise<Room>
      early: [string, readonly Publication[]][]
      /** There were more announcements than are kept. */
      missed: boolean
      /** The engine was away meanwhile: the head may have been read before. */
      doubtful: boolean
      holds: number
    }
  | { readonly kind: 'open'; readonly room: Room; holds: number }

type Opening = Extract<Entry, { kind: 'opening' }>

/** The rooms of a hub: subscribed with the first hold on them, gone with the last. */
export class Rooms {
  readonly #deps: RoomDeps
  readonly #entries = new Map<string, Entry>()

  constructor(deps: RoomDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#entries.size
  }

  /** Takes a hold on the room and answers when it is subscribed. Fails, without a hold, where the adapter does, or does not answer in time. */
  enter(name: string): Eventually<Room> {
    const entry = this.#entries.get(name)
    if (entry) {
      entry.holds++
      return entry.room
    }
    const head = this.#subscribe(name)
    return isLater(head) ? this.#openLater(name, Promise.resolve(head)) : this.#open(name, head, 1)
  }

  /** Gives a hold back. */
  exit(name: string): void {
    const entry = this.#entries.get(name)
    if (!entry || --entry.holds > 0) return
    if (entry.kind === 'open') this.#drop(name)
  }

  deliver(name: string, epoch: string, publications: readonly Publication[]): void {
    const entry = this.#entries.get(name)
    if (entry?.kind === 'open') entry.room.deliver(epoch, publications)
    else if (entry && entry.early.length < MAX_EARLY) entry.early.push([epoch, publications])
    else if (entry) entry.missed = true
  }

  /** The engine was away: every room is in doubt at once, and compared with the adapter's log, a few at a time. */
  async check(): Promise<void> {
    const rooms: Room[] = []
    for (const entry of this.#entries.values()) {
      if (entry.kind === 'open') {
        entry.room.doubt()
        rooms.push(entry.room)
      } else {
        entry.doubtful = true
        entry.early = []
      }
    }
    const work = async (): Promise<void> => {
      for (let room = rooms.pop(); room; room = rooms.pop()) {
        await this.#compare(room)
      }
    }
    await Promise.all(Array.from({ length: CHECKS }, work))
  }

  /** A room in doubt that can't be read now goes on trying by itself. */
  #compare(room: Room): Promise<void> | undefined {
    return settle(
      () => room.check(),
      () => {},
      () => {},
    )
  }

  /** Hands out what came in, without waiting for the end of the turn. */
  flush(): void {
    for (const entry of this.#entries.values()) if (entry.kind === 'open') entry.room.flush()
  }

  #open(name: string, head: StreamPosition, holds: number): Room {
    const room = new Room(name, head, this.#deps)
    this.#entries.set(name, { kind: 'open', room, holds })
    return room
  }

  #openLater(name: string, head: Promise<StreamPosition>): Promise<Room> {
    const room = head.then(
      (position) => {
        const opened = this.#open(name, position, entry.holds)
        this.#catchUp(opened, position, entry)
        if (entry.holds === 0) this.#drop(name)
        return opened
      },
      (reason: unknown) => {
        this.#entries.delete(name)
        this.#unsubscribe(name)
        throw reason
      },
    )
    const entry: Opening = { kind: 'opening', room, early: [], missed: false, doubtful: false, holds: 1 }
    this.#entries.set(name, entry)
    return room
  }

  /** Tells a room what has happened since its head was read. */
  #catchUp(room: Room, head: StreamPosition, { early, missed, doubtful }: Opening): void {
    if (doubtful) room.doubt()
    let isBehind = false
    const isNews = ({ offset = head.offset }: Publication): boolean => offset >= head.offset
    for (const [epoch, publications] of early) {
      const news = epoch === head.epoch ? publications.filter(isNews) : publications
      isBehind ||= news.length < publications.length
      room.deliver(epoch, news)
    }
    if (missed) room.missed()
    // What is behind the head is nearly always a repeat: that it is none is looked for, and holds up nothing.
    if (doubtful || isBehind) void this.#compare(room)
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name)
    if (entry?.kind === 'open') entry.room.close()
    this.#entries.delete(name)
    this.#unsubscribe(name)
  }

  #subscribe(name: string): Eventually<StreamPosition> {
    const { adapter, loop, patience } = this.#deps
    try {
      return within(loop, patience, adapter.subscribe(name))
    } catch (reason) {
      this.#unsubscribe(name)
      throw reason
    }
  }

  /** Harmless where nothing is subscribed: what failed may have been done all the same, or be done yet, and then this comes after it. */
  #unsubscribe(name: string): void {
    void settle(
      () => this.#deps.adapter.unsubscribe(name),
      () => {},
      (reason) => {
        this.#deps.log.warn('unsubscribing from a room failed; trying again', { reason })
        this.#deps.loop.after(RETRY, () => {
          if (!this.#entries.has(name)) this.#unsubscribe(name)
        })
      },
    )
  }
}
