import { Batch } from './batch.ts'
import type { HistoryPage } from './broadcast-adapter.ts'
import { type Entry, entryOf } from './entry.ts'
import { settle } from './eventually.ts'
import { type Feed, type FeedDeps, readLog } from './feed.ts'
import { type Mark, markOf } from './log.ts'
import type { LogCopy } from './log-copy.ts'
import type { Member, MemberState, Page } from './member.ts'
import type { RoomTraits } from './room-traits.ts'

/** ms until a failed read of the adapter's log is tried again. */
const READ_RETRY = 1000
/** Batches that are kept for the next member with the same cursor. */
const SHARED = 16

type Lagging = Extract<MemberState, { kind: 'lagging' }>

interface SharedBatch {
  readonly batch: Batch
  readonly reached: Mark
}

/**
 * Moves lagging members of one room on, from the hub's copy of the log where that reaches, else from the adapter's.
 * What neither has any more is said to be a gap, where it would have stood.
 */
export class CatchUp {
  readonly #room: RoomTraits
  readonly #feed: Feed
  readonly #copy: LogCopy
  readonly #deps: FeedDeps
  readonly #shared = new Map<number, SharedBatch>()
  /** A range that the adapter's log is known not to have any more. */
  #lost: { readonly from: Mark; readonly to: Mark } | undefined

  constructor(room: RoomTraits, feed: Feed, deps: FeedDeps) {
    this.#room = room
    this.#feed = feed
    this.#copy = feed.copy
    this.#deps = deps
  }

  skipped(from: Mark, to: Mark): void {
    this.#lost = { from, to }
    this.#shared.clear()
  }

  reset(): void {
    this.#lost = undefined
    this.#shared.clear()
  }

  /** Sends about `budget` bytes, or has the log read. Nothing beyond `flushed` is sent. */
  advance(member: Member, state: Lagging, flushed: Mark, budget: number): 'more' | 'settled' {
    if (member.origin !== this.#copy.origin) return this.#tellReset(member, state)
    if (state.page) return this.#sendPage(member, state, state.page, budget)
    const { log } = this.#copy
    if (state.cursor.offset >= log.floor.offset) return this.#sendKept(member, state, flushed, budget)
    const { from, to } = this.#lost ?? {}
    if (from && to && state.cursor.offset >= from.offset && state.cursor.offset < to.offset) {
      return this.#tellGap(member, state, to)
    }
    return this.#read(member, state.cursor)
  }

  #tellReset(member: Member, state: Lagging): 'more' {
    const { start, reason } = this.#copy.origin
    member.origin = this.#copy.origin
    this.#dropPage(member, state)
    state.cursor = markOf(start)
    member.owner.reset(this.#room.name, start, reason)
    return 'more'
  }

  #tellGap(member: Member, state: Lagging, to: Mark): 'more' {
    const from = state.cursor.offset + 1
    state.cursor = to
    member.owner.gap(this.#room.name, from, to.offset)
    return 'more'
  }

  #sendKept(member: Member, state: Lagging, flushed: Mark, budget: number): 'more' {
    const { offset } = state.cursor
    const shared = this.#shared.get(offset) ?? this.#share(offset, flushed, budget)
    if (!shared) return 'more'
    state.cursor = shared.reached
    member.outbox.sendCatchUp(shared.batch)
    return 'more'
  }

  #share(offset: number, flushed: Mark, budget: number): SharedBatch | undefined {
    const { taken, reached } = take(this.#copy.log.after(offset, flushed.offset - offset), budget)
    if (!reached) return undefined
    const shared = { batch: batchOf(taken), reached }
    if (this.#shared.size >= SHARED) this.#shared.clear()
    // No longer than this turn: nobody counts what they take, and the log may be gone by the next.
    if (this.#shared.size === 0) this.#deps.loop.endOfTurn(() => this.#shared.clear())
    this.#shared.set(offset, shared)
    return shared
  }

  #sendPage(member: Member, state: Lagging, page: Page, budget: number): 'more' {
    if (page.start.offset > state.cursor.offset) return this.#tellGap(member, state, page.start)
    const { taken, reached } = take(page.entries, budget)
    const rest = page.entries.slice(taken.length)
    if (rest.length > 0) state.page = { start: page.start, entries: rest }
    else this.#dropPage(member, state)
    if (!reached) return 'more'
    state.cursor = reached
    member.outbox.sendCatchUp(batchOf(taken))
    return 'more'
  }

  #dropPage(member: Member, state: Lagging): void {
    if (!state.page) return
    delete state.page
    member.outbox.endRead(member)
  }

  #read(member: Member, cursor: Mark): 'more' | 'settled' {
    if (!member.outbox.beginRead(member)) return 'settled'
    const reading = { kind: 'reading', cursor } as const
    const { origin } = member
    const seen = this.#copy.log.head.offset
    member.state = reading
    const work = settle(
      () => readLog(this.#deps, this.#room.name, { epoch: origin.start.epoch, offset: cursor.offset }),
      (page) => {
        if (member.state === reading) this.#found(member, cursor, seen, page)
      },
      (reason) => {
        if (member.state === reading) this.#failed(member, cursor, reason)
      },
    )
    if (work === undefined) return this.#isLagging(member) ? 'more' : 'settled'
    void work.then(() => this.#resume(member))
    return 'settled'
  }

  #isLagging(member: Member): boolean {
    return member.state.kind === 'lagging'
  }

  #resume(member: Member): void {
    if (member.state.kind === 'lagging') member.outbox.lag(member)
  }

  /** `seen`: the offset of the head that the hub knew of when it asked. */
  #found(member: Member, cursor: Mark, seen: number, page: HistoryPage): void {
    const { origin } = this.#copy
    const disputed = this.#contradictedBy(page)
    const isOther = disputed !== undefined || page.head.offset < seen || this.#isOfAnotherLog(page, cursor)
    if (member.origin === origin && isOther) return this.#recheck(member, cursor, disputed)
    const entries = member.origin === origin ? this.#entriesOf(page, cursor) : []
    member.state = { kind: 'lagging', cursor, page: this.#useful(page, cursor, entries) }
  }

  /** As much of a page as stands before what the hub has itself; its start says from where on there is something. */
  #useful({ start, head }: HistoryPage, cursor: Mark, entries: readonly Entry[]): Page {
    const { floor } = this.#copy.log
    if (entries.length > 0 && start.offset < floor.offset) return { start: later(start, cursor), entries }
    // The hub may have let go of more meanwhile than the page knows of: what lies beyond it is to be read, not lost.
    return { start: later(head.offset >= floor.offset ? floor : start, cursor), entries: [] }
  }

  /** The adapter answers from another log than the one that the hub knows, or may do so. */
  #isOfAnotherLog({ head, intact, start }: HistoryPage, cursor: Mark): boolean {
    if (this.#feed.isDoubtful || head.epoch !== this.#copy.epoch) return true
    return !intact && start.offset <= cursor.offset
  }

  /** The first of what the hub has, for which the page has something else. */
  #contradictedBy({ head, publications }: HistoryPage): Mark | undefined {
    if (head.epoch !== this.#copy.epoch) return undefined
    for (const publication of publications) {
      const disputed = this.#copy.contradictedBy(publication)
      if (disputed) return disputed
    }
    return undefined
  }

  #recheck(member: Member, cursor: Mark, disputed: Mark | undefined): void {
    const reading = member.state
    const { isDoubtful } = this.#feed
    const goOn = (): void => {
      if (member.state !== reading) return
      member.state = { kind: 'lagging', cursor }
      member.outbox.endRead(member)
      member.outbox.lag(member)
    }
    const again = (): void => {
      // Where the hub was not in doubt and still is where it was, the engine contradicts itself: asking at once would spin.
      if (isDoubtful || member.origin !== this.#copy.origin) goOn()
      else this.#deps.loop.after(READ_RETRY, goOn)
    }
    const failed = (reason: unknown): void => {
      if (member.state === reading) this.#failed(member, cursor, reason)
    }
    const checked = this.#feed.check(disputed)
    if (checked === undefined) again()
    else void checked.then(again, failed)
  }

  #failed(member: Member, cursor: Mark, reason: unknown): void {
    this.#deps.log.warn('reading the log of a room failed; trying again', { reason })
    const waiting = { kind: 'reading', cursor } as const
    member.state = waiting
    member.outbox.endRead(member)
    this.#deps.loop.after(READ_RETRY, () => {
      if (member.state !== waiting) return
      member.state = { kind: 'lagging', cursor }
      member.outbox.lag(member)
    })
  }

  #entriesOf(page: HistoryPage, cursor: Mark): Entry[] {
    const { head } = this.#copy.log
    const found: Entry[] = []
    for (const publication of page.publications) {
      const { offset = 0 } = publication
      if (offset <= cursor.offset || offset > head.offset) continue
      const entry = entryOf(publication, this.#room.encode)
      if (entry) found.push(entry)
    }
    return found
  }
}

const batchOf = (entries: readonly Entry[]): Batch => new Batch(entries.map(({ text }) => text))

const later = (one: Mark, other: Mark): Mark => (one.offset > other.offset ? markOf(one) : other)

/** The first of `entries`, at least one, up to about `budget` bytes. */
function take(
  entries: readonly Entry[],
  budget: number,
): { readonly taken: readonly Entry[]; readonly reached?: Mark } {
  let bytes = 0
  let count = 0
  for (const entry of entries) {
    if (bytes >= budget) break
    bytes += entry.bytes
    count++
  }
  const taken = entries.slice(0, count)
  const last = taken.at(-1)
  return last ? { taken, reached: { offset: last.offset, id: last.id } } : { taken }
}
