import { Batch } from './batch.ts'
import type { BroadcastAdapter, HistoryPage, LogLimits, Publication } from './broadcast-adapter.ts'
import type { EventLoop } from './clock.ts'
import { chain, type Eventually } from './eventually.ts'
import { Log, type LogEntry } from './log.ts'
import type { Logger } from './logger.ts'
import { Member, type MemberOwner } from './member.ts'
import type { StreamPosition } from './protocol.ts'
import type { Turns } from './turns.ts'

/** A turn's publications are flushed early at this many bytes. */
const FLUSH_BYTES = 64 * 1024
/** Publications that are read from the adapter's log at a time, for a member that fell behind the hub's. */
const READ_PAGE = 64
/** ms until a failed read of the adapter's log is tried again. */
const READ_RETRY = 1000

/** A publication as the room's members get it. */
interface Encoded extends LogEntry {
  readonly text: string
}

/** Where the room's log began for this hub: another object after every reset, by which members notice. */
interface Origin {
  readonly epoch: string
  readonly offset: number
  readonly reason: string
}

/** What a room needs of its hub. */
export interface RoomDeps {
  readonly adapter: BroadcastAdapter
  readonly loop: EventLoop
  readonly turns: Turns
  readonly log: Logger
  readonly limits: LogLimits
  /** A publication as the text of one frame. */
  readonly encode: (room: string, publication: Publication) => string
}

/**
 * A hub's side of a room: its local members and the recent part of its log.
 * Caught-up members need no cursors of their own: they all have what was flushed, and one batch a turn serves them all.
 * A member whose socket is full is taken out of their number and moved on from the log by its outbox.
 */
export class Room {
  readonly name: string
  readonly #deps: RoomDeps
  readonly #log: Log<Encoded>
  readonly #live: Member[] = []
  #origin: Origin
  #members = 0
  /** What came in since the last flush. */
  #pending: string[] = []
  #pendingBytes = 0
  /** Live members have everything up to this offset. */
  #flushed: number

  constructor(name: string, head: StreamPosition, deps: RoomDeps) {
    this.name = name
    this.#deps = deps
    this.#origin = { epoch: head.epoch, offset: head.offset, reason: 'opened' }
    this.#log = new Log(deps.limits, mark(head.offset, head.id))
    this.#flushed = head.offset
  }

  get size(): number {
    return this.#members
  }

  /** Where a member that joins now begins: everything that came before has been flushed to the others. */
  position(): StreamPosition {
    this.flush()
    return { epoch: this.#origin.epoch, ...this.#log.head }
  }

  /** Where a member stands: the last publication that it was sent. */
  positionOf(member: Member): StreamPosition {
    this.flush()
    if (member.state.kind === 'live' || member.state.kind === 'left') return this.position()
    const { cursor } = member.state
    return { epoch: this.#origin.epoch, ...(this.#log.markAt(cursor) ?? { offset: cursor }) }
  }

  /** The position just before the newest `count` publications that the log still has. */
  positionBefore(count: number): Eventually<StreamPosition> {
    const now = this.position()
    if (count === 0) return now
    const start = { epoch: now.epoch, offset: Math.max(0, now.offset - count) }
    return chain(this.#deps.adapter.history(this.name, start, 1), (page) =>
      page.start.epoch === now.epoch && page.start.offset <= now.offset ? page.start : now,
    )
  }

  /** Lets a member in, which has heard of everything up to `position`. */
  admit(owner: MemberOwner, position: StreamPosition): Member {
    // A position of an earlier log: the member is told of the reset when it is served.
    const origin = position.epoch === this.#origin.epoch ? this.#origin : {}
    const member = new Member(this, owner, origin)
    this.#members++
    member.state = { kind: 'lagging', cursor: position.offset }
    owner.outbox.lag(member)
    return member
  }

  /** The member gets nothing of the room any more. What came in this turn is flushed first. */
  dismiss(member: Member): void {
    if (member.state.kind === 'left') return
    this.flush()
    if (member.state.kind === 'live') this.#removeLive(member.state.index)
    else member.owner.outbox.forget(member)
    member.state = { kind: 'left' }
    this.#members--
  }

  /** Publications as the adapter announces them: repeats are dropped, a jump is filled from the adapter's log. */
  deliver(epoch: string, publications: readonly Publication[]): void {
    for (const publication of publications) this.#take(epoch, publication)
  }

  /** Hands what came in to every caught-up member. */
  flush(): void {
    if (this.#pending.length === 0) return
    const batch = new Batch(this.#pending)
    const before = this.#flushed
    this.#pending = []
    this.#pendingBytes = 0
    this.#flushed = this.#log.head.offset
    for (let i = this.#live.length - 1; i >= 0; i--) {
      const member = this.#live[i]
      if (!member || member.owner.outbox.offer(batch) || member.state.kind !== 'live') continue
      this.#removeLive(i)
      member.state = { kind: 'lagging', cursor: before }
      member.owner.outbox.park(member)
    }
  }

  /** Moves a lagging member on by about `budget` bytes. */
  advance(member: Member, budget: number): 'more' | 'settled' {
    if (member.state.kind !== 'lagging') return 'settled'
    if (member.origin !== this.#origin) this.#tellReset(member)
    const { cursor } = member.state
    if (cursor < this.#log.floor.offset) return this.#read(member, cursor, budget)
    if (cursor >= this.#flushed) {
      member.state = { kind: 'live', index: this.#live.push(member) - 1 }
      return 'settled'
    }
    this.#send(member, cursor, this.#log.after(cursor, this.#flushed - cursor), budget)
    return 'more'
  }

  #take(epoch: string, publication: Publication): void {
    const { offset, id, time } = publication
    if (epoch !== this.#origin.epoch) this.#reset(epoch, (offset ?? 1) - 1, 'epoch')
    const text = this.#deps.encode(this.name, publication)
    if (offset === undefined) return this.#pend(text)
    const head = this.#log.head.offset
    if (offset <= head) {
      const known = this.#log.markAt(offset)
      if (known?.id === undefined || known.id === id) return
      this.#reset(epoch, offset - 1, 'fork')
    } else if (offset > head + 1) this.#jump(offset - 1)
    this.#log.append({ offset, id, time, bytes: text.length, text })
    this.#pend(text)
  }

  #pend(text: string): void {
    if (this.#pending.length === 0) this.#deps.turns.atEnd(() => this.flush())
    this.#pending.push(text)
    this.#pendingBytes += text.length
    const { size, bytes } = this.#deps.limits
    if (this.#pending.length * 2 >= size || this.#pendingBytes >= Math.min(FLUSH_BYTES, bytes / 2)) this.flush()
  }

  /** Something was lost on the way here: every member goes on from its own cursor, by way of the adapter's log. */
  #jump(to: number): void {
    this.flush()
    const cursor = this.#flushed
    const members = this.#live.splice(0)
    this.#log.restart(mark(to))
    this.#flushed = to
    for (const member of members) {
      member.state = { kind: 'lagging', cursor }
      member.owner.outbox.lag(member)
    }
  }

  /** The log is another one: live members are told at once, lagging ones when their turn comes to read. */
  #reset(epoch: string, offset: number, reason: string): void {
    this.flush()
    this.#origin = { epoch, offset, reason }
    this.#log.restart(mark(offset))
    this.#flushed = offset
    for (const member of [...this.#live]) this.#tellReset(member)
  }

  #tellReset(member: Member): void {
    const { epoch, offset, reason } = this.#origin
    member.origin = this.#origin
    if (member.state.kind === 'lagging') member.state.cursor = offset
    member.owner.reset(this.name, { epoch, offset }, reason)
  }

  #read(member: Member, cursor: number, budget: number): 'more' | 'settled' {
    const reading = { kind: 'reading', cursor } as const
    member.state = reading
    const apply = (page: HistoryPage): void => {
      if (member.state !== reading) return
      member.state = { kind: 'lagging', cursor }
      if (page.head.epoch === this.#origin.epoch && member.origin === this.#origin)
        this.#catchUp(member, cursor, page, budget)
      else if (page.head.epoch !== this.#origin.epoch) this.#reset(page.head.epoch, page.head.offset, 'epoch')
    }
    try {
      const page = this.#deps.adapter.history(this.name, { epoch: this.#origin.epoch, offset: cursor }, READ_PAGE)
      if (!(page instanceof Promise)) {
        apply(page)
        return 'more'
      }
      page
        .then(apply)
        .then(() => this.#resume(member))
        .catch((reason: unknown) => this.#readFailed(member, reason))
    } catch (reason) {
      this.#readFailed(member, reason)
    }
    return 'settled'
  }

  /** Sends what the page has. What neither it nor the hub's log reaches is lost, and said so. */
  #catchUp(member: Member, cursor: number, page: HistoryPage, budget: number): void {
    const floor = this.#log.floor.offset
    // A page that begins after what the hub itself has would leave a hole: the hub's own log is read instead.
    const found = page.start.offset < floor ? this.#encodePage(page, cursor) : []
    const from = Math.max(cursor, found.length > 0 ? page.start.offset : floor)
    if (from > cursor) member.owner.gap(this.name, cursor + 1, from)
    this.#send(member, from, found, budget)
  }

  #resume(member: Member): void {
    if (member.state.kind === 'lagging') member.owner.outbox.lag(member)
  }

  #readFailed(member: Member, reason: unknown): void {
    this.#deps.log.warn('reading the log of a room failed; trying again', { reason })
    if (member.state.kind !== 'reading') return
    member.state = { kind: 'lagging', cursor: member.state.cursor }
    this.#deps.loop.after(READ_RETRY, () => this.#resume(member))
  }

  #encodePage(page: HistoryPage, cursor: number): Encoded[] {
    const found: Encoded[] = []
    for (const publication of page.publications) {
      const { offset, id, time } = publication
      if (offset === undefined || offset <= cursor || offset > this.#flushed) continue
      const text = this.#deps.encode(this.name, publication)
      found.push({ offset, id, time, bytes: text.length, text })
    }
    return found
  }

  /** Sends the first of `entries`, at least one, up to about `budget` bytes, and moves the cursor behind them. */
  #send(member: Member, cursor: number, entries: readonly Encoded[], budget: number): void {
    const texts: string[] = []
    let reached = cursor
    let bytes = 0
    for (const entry of entries) {
      if (bytes >= budget) break
      texts.push(entry.text)
      bytes += entry.bytes
      reached = entry.offset
    }
    if (member.state.kind !== 'lagging') return
    member.state.cursor = reached
    if (texts.length > 0) member.owner.outbox.sendBatch(new Batch(texts))
  }

  #removeLive(index: number): void {
    const last = this.#live.pop()
    if (!last || index === this.#live.length) return
    this.#live[index] = last
    if (last.state.kind === 'live') last.state.index = index
  }
}

const mark = (offset: number, id?: string): { offset: number; id?: string } =>
  id === undefined ? { offset } : { offset, id }
