import type { BroadcastAdapter, HistoryPage, Publication } from './broadcast-adapter.ts'
import type { Cancel, EventLoop } from './clock.ts'
import { type Entry, entryOf } from './entry.ts'
import { settle } from './eventually.ts'
import { Log, type Mark, markOf } from './log.ts'
import type { Logger } from './logger.ts'
import type { StreamPosition } from './protocol.ts'
import type { RoomTraits } from './room-traits.ts'

/** Publications that are read from the adapter's log at a time. */
export const READ_PAGE = 64
/** Announcements that are held while the log is read; beyond that they are forgotten and read as well. */
const MAX_HELD = 1024
/** ms until a failed read is tried again: the first time, and at most. */
const RETRY = { first: 1000, most: 10_000 } as const
/** Reads that may find a log that does not have yet what was announced, before the announcement is disbelieved. */
const PATIENCE = 3

/** `unverified`: the engine was away, and its log no longer reaches back to where it could be compared. */
export type ResetReason = 'epoch' | 'fork' | 'unverified'

/** Where the hub's copy of a log began: another object after every reset, by which members notice. */
export interface Origin {
  readonly start: StreamPosition
  readonly reason: ResetReason | 'opened'
}

/** Who hears what the feed finds. */
export interface FeedOwner {
  /** The log has grown by this entry. */
  appended(entry: Entry): void
  /** A message to who is there now. */
  transient(text: string): void
  /** The log is about to forget all it has and go on elsewhere: last chance to flush. */
  leaping(): void
  /** What follows `from`, up to the log's new head, can't be read any more. */
  skipped(from: Mark): void
  /** The log is another one: `origin` is new. */
  reset(): void
}

export interface FeedDeps {
  readonly adapter: BroadcastAdapter
  readonly loop: EventLoop
  readonly log: Logger
}

interface Held {
  readonly epoch: string
  readonly publication: Publication
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * A hub's copy of the recent part of one room's log, kept true to the adapter's. Announcements are only hints: one that is next is taken,
 * one that is known is dropped, and whatever else comes (a jump, a known offset with another id, another epoch) has the log read
 * and believed. While it is read, announcements are held, so that nothing overtakes what is missing.
 */
export class Feed {
  readonly log: Log<Entry>
  #origin: Origin
  readonly #room: RoomTraits
  readonly #deps: FeedDeps
  readonly #owner: FeedOwner
  #held: Held[] = []
  #reading = false
  /** Something came up while the log was read that the answer can't know of. */
  #again = false
  #disbelief = 0
  #doubtful = false
  #retry: Cancel | undefined
  #retryAfter: number = RETRY.first
  #waiters: Waiter[] = []
  #closed = false

  constructor(room: RoomTraits, head: StreamPosition, owner: FeedOwner, deps: FeedDeps) {
    this.#room = room
    this.#owner = owner
    this.#deps = deps
    this.#origin = { start: head, reason: 'opened' }
    this.log = new Log(room.limits, markOf(head))
  }

  get origin(): Origin {
    return this.#origin
  }

  get epoch(): string {
    return this.#origin.start.epoch
  }

  get head(): StreamPosition {
    return { epoch: this.epoch, ...this.log.head }
  }

  deliver(epoch: string, publications: readonly Publication[]): void {
    for (const publication of publications) {
      if (!this.#reading && !this.#doubtful && this.#fits(epoch, publication)) continue
      this.#hold({ epoch, publication })
    }
    if (this.#held.length > 0 && !this.#reading) this.#read()
  }

  /** The engine was away: until the log has been compared nothing is known of it, and what can't be compared any more is another one. */
  doubt(): void {
    this.#doubtful = true
    // What was announced over a connection that broke says nothing about the log behind the new one.
    this.#held = []
  }

  /** Compares the copy with the adapter's log, by the head's id, and reads what is missing. Fails where the log can't be read. */
  check(): Promise<void> | undefined {
    if (this.#closed) return undefined
    if (this.#reading && !this.#retry) this.#again = true
    else this.#read()
    if (!this.#reading) return undefined
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** The engine was away and the log has not been compared since: the copy may be of a log that is no more. */
  get isDoubtful(): boolean {
    return this.#doubtful
  }

  /** Follows the log no more. */
  close(): void {
    this.#closed = true
    this.#retry?.()
    this.#held = []
    this.#failWaiters(new Error('the room was left'))
  }

  /** Takes a publication that the copy can judge by itself; false where the log has to be read first. */
  #fits(epoch: string, publication: Publication): boolean {
    if (epoch !== this.epoch) return false
    const { offset, id } = publication
    if (offset === undefined) {
      this.#owner.transient(this.#room.encode(publication))
      return true
    }
    if (offset === this.log.head.offset + 1) return this.#append(publication)
    if (offset > this.log.head.offset) return false
    const known = this.log.markAt(offset)
    return known?.id === undefined || known.id === id
  }

  #append(publication: Publication): true {
    const entry = entryOf(publication, this.#room.encode)
    if (entry) {
      this.log.append(entry)
      this.#owner.appended(entry)
    }
    return true
  }

  #hold(held: Held): void {
    if (this.#held.length >= MAX_HELD) {
      this.#held = []
      this.#again = true
    }
    this.#held.push(held)
  }

  /** Reads until the copy has what the log has. With an adapter that answers at once, so does this. */
  #read(): void {
    this.#reading = true
    this.#retry?.()
    this.#retry = undefined
    while (!this.#closed) {
      const judged = this.#held.length
      const doubted = this.#doubtful
      this.#again = false
      let answered = false
      const start = this.head
      const work = settle(
        () => this.#deps.adapter.history(this.#room.name, start, READ_PAGE),
        (page) => {
          answered = this.#answered(page, judged, doubted)
        },
        (reason) => this.#failed(reason),
      )
      if (work !== undefined) {
        void work.then(() => {
          if (answered) this.#read()
        })
        return
      }
      if (!answered) return
    }
  }

  /** Takes an answer. True where the log has to be read once more. */
  #answered(page: HistoryPage, judged: number, doubted: boolean): boolean {
    if (this.#closed) return false
    const { head } = this.log
    this.#reconcile(page)
    if (doubted) this.#doubtful = false
    if (this.log.head.offset < page.head.offset) {
      if (this.log.head === head) throw new Error('the page does not go on where it was asked to')
      return true
    }
    this.#retryAfter = RETRY.first
    const rest = this.#believe(judged)
    if (rest || this.#again) return true
    this.#reading = false
    for (const { resolve } of this.#waiters.splice(0)) resolve()
    return false
  }

  #reconcile(page: HistoryPage): void {
    const { head } = this.log
    if (page.head.epoch !== this.epoch) this.#reset(page.start, 'epoch')
    else if (!page.intact) this.#goOnAt(head, page.start)
    for (const publication of page.publications) {
      if (publication.offset === this.log.head.offset + 1) this.#append(publication)
    }
  }

  /** The log does not have this head, or not any more. */
  #goOnAt(head: Mark, start: StreamPosition): void {
    if (start.offset <= head.offset) this.#reset(start, 'fork')
    else if (this.#doubtful) this.#reset(start, 'unverified')
    else this.#skip(head, start)
  }

  /**
   * Goes through what was held. What came before the question has been answered by the log, and is never taken from an announcement: it may
   * be the word of an engine that is none any more. True: the log must be read again.
   */
  #believe(judged: number): boolean {
    const held = this.#held
    this.#held = []
    for (const [i, { epoch, publication }] of held.entries()) {
      const isDone = i < judged ? this.#isAnswered(epoch, publication) : this.#fits(epoch, publication)
      if (isDone) continue
      this.#held = held.slice(i)
      return true
    }
    this.#disbelief = 0
    return false
  }

  /** False where the log should have this one, and may have it a little later. */
  #isAnswered(epoch: string, publication: Publication): boolean {
    if (epoch !== this.epoch) return true
    if (publication.offset === undefined) return this.#fits(epoch, publication)
    if (publication.offset <= this.log.head.offset) return true
    return this.#disbelief++ >= PATIENCE
  }

  #skip(from: Mark, to: StreamPosition): void {
    this.#owner.leaping()
    this.log.restart(markOf(to))
    this.#owner.skipped(from)
  }

  #reset(start: StreamPosition, reason: ResetReason): void {
    this.#owner.leaping()
    this.#origin = { start, reason }
    this.log.restart(markOf(start))
    this.#owner.reset()
  }

  #failed(reason: unknown): void {
    if (this.#closed) return
    this.#deps.log.warn('reading the log of a room failed; trying again', { reason })
    this.#failWaiters(reason)
    this.#retry = this.#deps.loop.after(this.#retryAfter, () => this.#read())
    this.#retryAfter = Math.min(this.#retryAfter * 2, RETRY.most)
  }

  #failWaiters(reason: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(reason)
  }
}
