import type { Batch } from './batch.ts'
import type { Eventually } from './eventually.ts'
import type { Member } from './member.ts'
import type { Pace } from './pace.ts'
import { ReadingPlace } from './reading-place.ts'
import type { Transport } from './transport.ts'
import type { Turns } from './turns.ts'
import { type WaitingKind, WaitingTexts } from './waiting-texts.ts'

/** Bytes that may wait in a socket's own buffer before its peer counts as slow. */
export const HIGH_WATER_MARK = 64 * 1024
/** Bytes that one turn of the event loop may add for a peer that was not slow when it began: the loop had no chance to write them. */
export const TURN_ALLOWANCE = 512 * 1024
/** Bytes that a room may send to a slow member before the next room has its turn. */
export const QUANTUM = 16 * 1024

/** Who hears of an outbox. */
export interface OutboxOwner {
  /** A send threw: the socket is of no use any more. Called at the end of the turn, when nobody is in the middle of anything. */
  sendFailed(reason: unknown): void
  /** A reply found 32 others waiting, or a word beside them 4. */
  overflowed(): void
  /** Replies that waited have been handed over. */
  progressed(): void
}

/**
 * What is waiting for one socket: a bounded queue of direct replies, and the members (cursors) that lag behind.
 * Replies go first; lagging members share what the socket takes, a quantum each in turn. While anything waits, nothing overtakes it.
 */
export class Outbox {
  // What every batch looks at stands together.
  readonly #transport: Transport
  readonly #turns: Turns
  #waiting = false
  #closed = false
  /** In the order in which they are served; undefined while none does. */
  #lagging: Set<Member> | undefined
  /** Rooms that this peer is in. */
  #rooms = 0
  #corked = false
  /** The last turn in which the peer was found to keep up. */
  #keptUp = -1
  readonly #pace: Pace
  readonly #owner: OutboxOwner
  /** Replies, and words beside them. */
  readonly #texts = new WaitingTexts()
  /** Most sockets never need it. */
  #place: ReadingPlace | undefined
  #flushed: (() => void)[] = []
  #serving = false
  #paced = false

  constructor(transport: Transport, turns: Turns, pace: Pace, owner: OutboxOwner) {
    this.#transport = transport
    this.#turns = turns
    this.#pace = pace
    this.#owner = owner
  }

  /** Replies that have not been handed to the socket. */
  get unflushed(): number {
    return this.#texts.replies
  }

  /** Words beside them that have not. */
  get pushes(): number {
    return this.#texts.pushes
  }

  /** Nothing waits and the socket takes more. */
  get #open(): boolean {
    return this.#lagging === undefined && this.takesReply
  }

  /** A reply would leave at once. */
  get takesReply(): boolean {
    return !this.#closed && !this.#waiting && this.#hasSpace()
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0 && this.#lagging === undefined
  }

  /** Says something that no request has kept a place for: it takes none that a reply would need. */
  push(text: string): void {
    this.#say('push', text)
  }

  /** Sends a direct reply, or queues it behind what waits. */
  reply(text: string): void {
    this.#say('reply', text)
  }

  #say(kind: WaitingKind, text: string): void {
    if (this.#closed) return
    if (this.takesReply) return this.send(text)
    if (this.#texts.add(kind, text)) this.#wait()
    else this.#owner.overflowed()
  }

  /** Hands a text to the socket at once: for what belongs at this very place in a room's stream. */
  send(text: string): void {
    try {
      this.#transport.send(text)
    } catch (reason) {
      this.#fail(reason)
    }
  }

  /** Takes a batch for a caught-up member; false where the peer is slow and the member has to lag. */
  offer(batch: Batch): boolean {
    if (!this.#open) {
      this.#wait()
      return false
    }
    if (this.#rooms > 1) this.#cork()
    return this.sendBatch(batch)
  }

  /** The peer is in one room more: what several bring in one turn leaves in one write. */
  entered(): void {
    this.#rooms++
  }

  left(): void {
    this.#rooms--
  }

  sendBatch(batch: Batch): boolean {
    try {
      this.#transport.sendBatch(batch)
      return true
    } catch (reason) {
      this.#fail(reason)
      return false
    }
  }

  /** Sends what a lagging member had missed. */
  sendCatchUp(batch: Batch): void {
    this.#pace.spend(batch.length)
    this.sendBatch(batch)
  }

  /** A request waits for the peer to take what it was sent. */
  get isHeldUp(): boolean {
    return this.#flushed.length > 0
  }

  /** Resolves when no reply waits and the socket takes more, or there is no socket any more. */
  flushed(): Eventually<void> {
    if (this.#closed || this.takesReply) return undefined
    return new Promise((resolve) => {
      this.#flushed.push(resolve)
      this.#wait()
    })
  }

  /** Serves `member` from its cursor on, as the socket takes it. */
  lag(member: Member): void {
    if (this.#closed) return
    this.#queue(member)
    this.#serve()
  }

  /** Puts a member that was met by a slow socket in line, without trying to send. */
  park(member: Member): void {
    if (this.#closed) return
    this.#queue(member)
    this.#wait()
  }

  /** Takes the one place for reading the adapter's log. False: the member is served again when the place is free. */
  beginRead(member: Member): boolean {
    this.#place ??= new ReadingPlace()
    return this.#place.begin(member)
  }

  /** Gives the place back, when what was read has been sent or is of no use. Who waited for it may not need it any more: all are served. */
  endRead(member: Member): void {
    for (const next of this.#place?.end(member) ?? []) this.lag(next)
  }

  forget(member: Member): void {
    this.#unqueue(member)
    for (const next of this.#place?.leave(member) ?? []) this.lag(next)
  }

  /** Lets go of all that waits. */
  close(): void {
    this.#closed = true
    this.#texts.clear()
    this.#lagging = undefined
    this.#place = undefined
    this.#tellFlushed()
  }

  #cork(): void {
    if (this.#corked || !this.#transport.cork) return
    this.#corked = true
    this.#transport.cork()
    this.#turns.atEnd(() => {
      this.#corked = false
      this.#transport.uncork?.()
    })
  }

  #isLow(): boolean {
    return this.#transport.buffered() <= HIGH_WATER_MARK
  }

  /** Within the turn in which the peer was found to keep up, more may be written than between turns. */
  #hasSpace(): boolean {
    const buffered = this.#transport.buffered()
    const turn = this.#turns.current()
    if (buffered > HIGH_WATER_MARK) return this.#keptUp === turn && buffered <= TURN_ALLOWANCE
    this.#keptUp = turn
    return true
  }

  #wait(): void {
    if (this.#waiting || this.#closed) return
    this.#waiting = true
    try {
      this.#transport.whenDrained(() => {
        this.#waiting = false
        if (!this.#closed) this.#drain()
      })
    } catch (reason) {
      this.#fail(reason)
    }
  }

  #drain(): void {
    const waited = this.#texts.length
    while (!this.#closed && this.#texts.length > 0 && this.#isLow()) this.#sendNext()
    if (this.#texts.length > 0) this.#wait()
    else {
      this.#tellFlushed()
      this.#serve()
    }
    if (!this.#closed && this.#texts.length < waited) this.#owner.progressed()
  }

  #sendNext(): void {
    const next = this.#texts.shift()
    if (next !== undefined) this.send(next)
  }

  #tellFlushed(): void {
    const tasks = this.#flushed
    this.#flushed = []
    for (const task of tasks) task()
  }

  /** Gives the lagging members a quantum each in turn until they are caught up, wait for their log, or the socket is full. */
  #serve(): void {
    if (this.#waiting || this.#serving || this.#paced) return
    this.#serving = true
    while (!this.#closed && this.#lagging) {
      if (this.#texts.length > 0 || !this.#isLow()) {
        this.#wait()
        break
      }
      if (this.#pace.isSpent) {
        this.#goOnLater()
        break
      }
      this.#serveNext(this.#lagging)
    }
    this.#serving = false
  }

  #serveNext(lagging: Set<Member>): void {
    for (const member of lagging) {
      this.#unqueue(member)
      if (member.advance(QUANTUM) === 'more' && !this.#closed) this.#queue(member)
      return
    }
  }

  #queue(member: Member): void {
    this.#lagging ??= new Set()
    this.#lagging.add(member)
  }

  #unqueue(member: Member): void {
    this.#lagging?.delete(member)
    if (this.#lagging?.size === 0) this.#lagging = undefined
  }

  #goOnLater(): void {
    this.#paced = true
    this.#pace.next(() => {
      this.#paced = false
      this.#serve()
    })
  }

  #fail(reason: unknown): void {
    if (this.#closed) return
    this.close()
    this.#turns.atEnd(() => this.#owner.sendFailed(reason))
  }
}
