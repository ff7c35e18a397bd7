import type { LogLimits, Publication } from './broadcast-adapter.ts'
import { CatchUp } from './catch-up.ts'
import type { Clock } from './clock.ts'
import type { Copies, Copy } from './copies.ts'
import type { Due, Schedule } from './deadlines.ts'
import type { Encode, Entry } from './entry.ts'
import type { Eventually } from './eventually.ts'
import type { FanOut } from './fan-out.ts'
import { Feed, type FeedDeps } from './feed.ts'
import { type Handout, LiveMembers } from './live-members.ts'
import { type Mark, markOf } from './log.ts'
import { type CopyOwner, LogCopy, type Origin } from './log-copy.ts'
import { Member, type MemberOwner } from './member.ts'
import type { StreamPosition } from './protocol.ts'
import type { Flush, Rhythm } from './rhythm.ts'
import type { RoomTraits } from './room-traits.ts'
import { findStart, type Start, type StartRequest } from './start.ts'

/** A turn's publications are flushed early at this many bytes. */
const FLUSH_BYTES = 64 * 1024

/** What a room needs of its hub. */
export interface RoomDeps extends FeedDeps {
  readonly clock: Clock
  readonly deadlines: Schedule
  /** When what a room has to hand out goes out, by `flush`. */
  readonly rhythm: (room: string, flush: Flush) => Rhythm
  readonly fanOut: FanOut
  /** What makes publications of a room texts of one frame each. */
  readonly encoder: (room: string) => Encode
  readonly limitsOf: (room: string) => LogLimits
  readonly copies: Copies
  /** Live members from which on others come into another section. */
  readonly section: number
}

/**
 * A hub's side of a room: its local members and the recent part of its log.
 * Caught-up members need no cursors of their own: they have what their section was handed, and one batch a turn serves them all.
 * A member whose socket is full is taken out of their number and moved on from the log by its outbox.
 */
export class Room implements CopyOwner, Due, Copy {
  readonly #traits: RoomTraits
  readonly #deps: RoomDeps
  readonly #copy: LogCopy
  readonly #feed: Feed
  readonly #catchUp: CatchUp
  readonly #rhythm: Rhythm
  readonly #live: LiveMembers
  #expires = false

  constructor(name: string, head: StreamPosition, deps: RoomDeps) {
    this.#traits = { name, limits: deps.limitsOf(name), encode: deps.encoder(name) }
    this.#deps = deps
    this.#copy = new LogCopy(this.#traits, head, this)
    this.#feed = new Feed(name, this.#copy, deps)
    this.#catchUp = new CatchUp(this.#traits, this.#feed, deps)
    this.#rhythm = deps.rhythm(name, (isPart) => this.#handOut(isPart))
    this.#live = new LiveMembers(this.#copy.log.head, deps.section)
    deps.copies.add(this)
  }

  get name(): string {
    return this.#traits.name
  }

  get bytes(): number {
    return this.#copy.log.bytes
  }

  get newest(): number | undefined {
    return this.#copy.log.newest
  }

  empty(): void {
    this.flush()
    this.#copy.log.shrink(0)
  }

  /** Where a member that joins now begins: everything that came before has been flushed to the others. */
  position(): StreamPosition {
    this.flush()
    return this.#copy.head
  }

  /** Where a member stands: the last publication that it was sent, in the log that it knows. */
  positionOf(member: Member): StreamPosition {
    this.flush()
    const { state, origin } = member
    if (state.kind === 'live' || state.kind === 'left') return this.position()
    return { epoch: origin.start.epoch, ...state.cursor }
  }

  /** What has to be remembered of where a member stands: nothing where that is where everybody live is. */
  keptPosition({ state, origin }: Member): StreamPosition | undefined {
    return state.kind === 'live' || state.kind === 'left'
      ? undefined
      : { epoch: origin.start.epoch, ...markOf(state.cursor) }
  }

  /** Where a member begins that asks for this. Fails where the adapter's log is needed for it and can't be read. */
  start(request: StartRequest): Eventually<Start> {
    this.flush()
    this.#copy.log.expire(this.#deps.clock.wall())
    return findStart(this.name, this.#feed, this.#deps.adapter, request)
  }

  /** Lets a member in, which has heard of everything up to `start`. */
  admit(owner: MemberOwner, start: Start): Member {
    const member = new Member(this, owner, start.origin)
    member.state = { kind: 'lagging', cursor: markOf(start.position) }
    owner.outbox.entered()
    owner.outbox.lag(member)
    return member
  }

  /** Lets a member in again that stood at `position` before memory was lost, or had everything that was handed out. */
  readmit(owner: MemberOwner, position: StreamPosition = this.position()): Member {
    const { epoch, origin } = this.#copy
    const known: Origin = position.epoch === epoch ? origin : { start: position, reason: 'opened' }
    return this.admit(owner, { origin: known, position, recovered: true })
  }

  /** The member gets nothing of the room any more. What came in this turn is flushed first. */
  dismiss(member: Member): void {
    if (member.state.kind === 'left') return
    this.flush()
    if (member.state.kind === 'live') this.#live.remove(member.state)
    else member.outbox.forget(member)
    member.state = { kind: 'left' }
    member.outbox.left()
  }

  /** Publications as the adapter announces them. */
  deliver(epoch: string, publications: readonly Publication[]): void {
    this.#feed.deliver(epoch, publications)
  }

  /** Some of what the adapter announced did not come here. */
  missed(): void {
    this.#feed.missed()
  }

  /** The adapter was away. */
  doubt(): void {
    this.#feed.doubt()
  }

  /** Compares what the room has with the adapter's log. Fails where that can't be read. */
  check(): Promise<void> | undefined {
    return this.#feed.check()
  }

  /** Nobody is in the room any more. */
  close(): void {
    this.#feed.close()
    this.#rhythm.stop()
    this.#deps.deadlines.delete(this)
    this.#deps.copies.delete(this)
  }

  /** Hands what came in to every caught-up member. */
  flush(): void {
    this.#handOut(false)
  }

  /** Hands what came in to every caught-up member, or to those alone who have waited the longest. */
  #handOut(isPart: boolean): void {
    if (this.#live.waiting === 0) return
    this.#rhythm.begin(this.#live.waiting)
    const handouts = this.#live.take(isPart, this.#copy.log.head)
    if (this.#live.waiting === 0) this.#handedOut()
    const { size } = this.#live
    const count = handouts.reduce((sum, { section }) => sum + section.members.length, 0)
    const { fanOut } = this.#deps
    fanOut.begin(count)
    try {
      for (const handout of handouts) this.#offerAll(handout)
    } finally {
      this.#rhythm.end(fanOut.end(), count === 0 ? 1 : count / size, this.#live.waiting)
    }
  }

  /** Whose socket takes no more lags behind, from `before` on. */
  #offerAll({ section: { members }, batch, before }: Handout): void {
    for (let i = members.length - 1; i >= 0; i--) {
      const member = members[i]
      if (member?.state.kind !== 'live' || member.outbox.offer(batch)) continue
      this.#live.remove(member.state)
      member.state = { kind: 'lagging', cursor: before }
      member.outbox.park(member)
      member.owner.moved()
    }
  }

  /** Moves a lagging member on by about `budget` bytes. */
  advance(member: Member, budget: number): 'more' | 'settled' {
    const result = this.#advance(member, budget)
    member.owner.moved()
    return result
  }

  #advance(member: Member, budget: number): 'more' | 'settled' {
    const { state } = member
    if (state.kind !== 'lagging') return 'settled'
    const section = this.#live.place(this.#copy.log.head)
    // It begins after something that the others have not been handed yet.
    if (state.cursor.offset > section.flushed.offset) this.flush()
    if (member.origin === this.#copy.origin && !state.page && state.cursor.offset >= section.flushed.offset) {
      this.#live.add(member, section)
      return 'settled'
    }
    return this.#catchUp.advance(member, state, section.flushed, budget)
  }

  due(): number | undefined {
    const { clock } = this.#deps
    // Publications are dated by the wall clock.
    const now = clock.wall()
    this.#copy.log.expire(now)
    const { expires } = this.#copy.log
    this.#expires = expires !== undefined
    return expires && clock.now() + expires - now
  }

  appended({ text, bytes }: Entry): void {
    this.#deps.copies.grew(bytes)
    this.#pend(text)
    if (this.#expires) return
    this.#expires = true
    this.#deps.deadlines.set(this, this.#deps.clock.now() + this.#traits.limits.ttl)
  }

  transient(text: string): void {
    this.#pend(text)
  }

  leaping(): void {
    this.flush()
  }

  skipped(from: Mark): void {
    this.#catchUp.skipped(from, this.#copy.log.head)
    this.#unseat(from)
  }

  reset(): void {
    this.#catchUp.reset()
    this.#unseat()
  }

  /** Every live member goes on by itself, from where it was, or `from` there: each hears of what happened in its own stream. */
  #unseat(from?: Mark): void {
    const members = this.#live.clear(this.#copy.log.head)
    this.#handedOut()
    for (const member of members) {
      if (member.state.kind !== 'live') continue
      member.state = { kind: 'lagging', cursor: from ?? member.state.section.flushed }
      member.outbox.lag(member)
      member.owner.moved()
    }
  }

  /** Whoever is live has everything up to the head. */
  #handedOut(): void {
    try {
      this.#deps.adapter.handedOut?.(this.name, this.#copy.head)
    } catch (reason) {
      // What it is for is memory that may be lost; whoever is here now gets what there is.
      this.#deps.log.error('where a room stands could not be noted down', { reason })
    }
  }

  #pend(text: string): void {
    this.#live.pend(text)
    const { waiting, length } = this.#live
    const { size, bytes } = this.#traits.limits
    if (waiting * 2 >= size || length >= Math.min(FLUSH_BYTES, bytes / 2)) this.flush()
    else this.#rhythm.added(waiting)
  }
}
