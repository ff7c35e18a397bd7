import type { Transport } from './transport.ts'

/** Requests of one connection that may be unanswered or unflushed at a time. */
export const MAX_PENDING = 32
/** Characters of requests that may be unanswered at a time, beside one, where a runtime can stop reading: once read, they may take 20 times as much. */
const MAX_UNDER_WAY = 256 * 1024
/** Bytes of input that are held while that many are pending, where a runtime can't stop reading. */
export const MAX_HELD = 256 * 1024
/** Bytes of input that are held before a runtime that can stops reading: so long, pings and pongs are still heard. One read more may follow. */
export const MAX_READ = 16 * 1024

/** What holding a frame costs beside its text, so that empty ones are bounded too. */
const FRAME_COST = 64

/** A frame from the peer: its text, or null for a binary one. */
export type Input = string | null

export interface InboxOwner {
  handle(input: Input): void
  /** Answers at once what waits for nothing, though others wait; false: this is nothing of the kind. */
  urgent(input: Input): boolean
  /** Answers requests that are done but whose replies wait in the outbox. */
  unflushed(): number
  overloaded(): void
  /** Reading goes on after it was stopped. */
  resumed(): void
}

/**
 * The gate between a socket and its requests: while 32 are pending, or large ones, it holds what arrives, and soon stops reading.
 * What it held is handled in order when requests have been answered.
 */
export class Inbox {
  readonly #transport: Transport
  readonly #owner: InboxOwner
  readonly #held: Input[] = []
  #heldLength = 0
  #working = 0
  #underWay = 0
  /** What the input that is being handled costs. */
  #handling = 0
  #paused = false
  #closed = false

  constructor(transport: Transport, owner: InboxOwner) {
    this.#transport = transport
    this.#owner = owner
  }

  /** Requests begun and not done, and input held: nothing of it is left after `close`. */
  get waiting(): number {
    return this.#working + this.#held.length
  }

  /** Nothing is read from the peer, and that is not its own doing: its silence says nothing. */
  get isDeaf(): boolean {
    return this.#paused && this.#working > 0
  }

  receive(input: Input): void {
    if (this.#closed) return
    if (this.#held.length === 0 && !this.#isFull()) return this.#handle(input)
    if (this.#owner.urgent(input)) return
    this.#held.push(input)
    this.#heldLength += costOf(input)
    if (this.#transport.pause) this.#pause()
    else if (this.#heldLength > MAX_HELD) this.#owner.overloaded()
  }

  /** The request that is being handled goes on. Answers what it costs until its `end`. */
  begin(): number {
    this.#working++
    this.#underWay += this.#handling
    return this.#handling
  }

  /** A request that was under way, and cost so much, is done. */
  end(cost: number): void {
    this.#working--
    this.#underWay -= cost
    this.proceed()
  }

  /** Handles what is held, as far as there is room, and reads on. To be called when replies were flushed, too. */
  proceed(): void {
    while (!this.#closed && this.#held.length > 0 && !this.#isFull()) {
      const input = this.#held.shift()
      if (input === undefined) break
      this.#heldLength -= costOf(input)
      this.#handle(input)
    }
    if (this.#paused && !this.#closed && this.#held.length === 0 && !this.#isFull()) {
      this.#paused = false
      this.#owner.resumed()
      this.#transport.resume?.()
    }
  }

  close(): void {
    this.#closed = true
    this.#held.length = 0
    this.#heldLength = 0
  }

  #handle(input: Input): void {
    const outer = this.#handling
    this.#handling = costOf(input)
    this.#owner.handle(input)
    this.#handling = outer
  }

  #isFull(): boolean {
    if (this.#working + this.#owner.unflushed() >= MAX_PENDING) return true
    return this.#underWay >= MAX_UNDER_WAY && this.#transport.pause !== undefined
  }

  /** What had been read by then still comes: it is held too. */
  #pause(): void {
    if (this.#paused || this.#heldLength <= MAX_READ) return
    this.#paused = true
    this.#transport.pause?.()
  }
}

const costOf = (input: Input): number => (input?.length ?? 0) + FRAME_COST
