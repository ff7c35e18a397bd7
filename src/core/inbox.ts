import type { Transport } from './transport.ts'

/** Requests of one connection that may be unanswered or unflushed at a time. */
export const MAX_PENDING = 32
/** Bytes of input that are held while that many are pending, where a runtime can't stop reading. */
export const MAX_HELD = 256 * 1024

/** What holding a frame costs beside its text, so that empty ones are bounded too. */
const FRAME_COST = 64

export interface InboxOwner {
  handle(text: string): void
  /** Answers requests that are done but whose replies wait in the outbox. */
  unflushed(): number
  overloaded(): void
}

/**
 * The gate between a socket and its requests: while 32 are pending it stops reading, and holds what arrives all the same.
 * What it held is handled in order when requests have been answered.
 */
export class Inbox {
  readonly #transport: Transport
  readonly #owner: InboxOwner
  readonly #held: string[] = []
  #heldLength = 0
  #working = 0
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

  receive(text: string): void {
    if (this.#closed) return
    if (this.#held.length === 0 && !this.#isFull()) return this.#owner.handle(text)
    this.#held.push(text)
    this.#heldLength += text.length + FRAME_COST
    if (this.#heldLength > MAX_HELD) return this.#owner.overloaded()
    this.#pause()
  }

  /** A request is under way. */
  begin(): void {
    this.#working++
    if (this.#isFull()) this.#pause()
  }

  /** A request that was under way is done. */
  end(): void {
    this.#working--
    this.proceed()
  }

  /** Handles what is held, as far as there is room, and reads on. To be called when replies were flushed, too. */
  proceed(): void {
    while (!this.#closed && this.#held.length > 0 && !this.#isFull()) {
      const text = this.#held.shift()
      if (text === undefined) break
      this.#heldLength -= text.length + FRAME_COST
      this.#owner.handle(text)
    }
    if (this.#paused && !this.#closed && this.#held.length === 0 && !this.#isFull()) {
      this.#paused = false
      this.#transport.resume?.()
    }
  }

  close(): void {
    this.#closed = true
    this.#held.length = 0
    this.#heldLength = 0
  }

  #isFull(): boolean {
    return this.#working + this.#owner.unflushed() >= MAX_PENDING
  }

  #pause(): void {
    if (this.#paused || !this.#transport.pause) return
    this.#paused = true
    this.#transport.pause()
  }
}
