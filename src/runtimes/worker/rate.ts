import type { Clock } from '../../core/clock.ts'

/** Bytes that a socket is given at once, and a second: more than a peer reads that keeps up, less than an object has memory for. */
export const BURST = 4 * 1024 * 1024
export const RATE = 4 * 1024 * 1024
/** Bytes that a message takes beside its text while it waits in the runtime. */
const FRAME = 1024

/**
 * What stands for a socket's own buffer, of which the runtime says nothing: everything that was sent, and leaves at a fixed rate. A peer that
 * does not read costs no more than that rate.
 */
export class SendRate {
  readonly #clock: Clock
  #level = 0
  #at: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#at = clock.now()
  }

  /** A message of so many bytes was sent. */
  spend(bytes: number): void {
    this.#leak()
    this.#level += bytes + FRAME
  }

  /** Bytes beyond the burst. */
  excess(): number {
    this.#leak()
    return Math.max(0, this.#level - BURST)
  }

  /** ms until nothing is beyond it. */
  wait(): number {
    return Math.ceil((this.excess() / RATE) * 1000)
  }

  #leak(): void {
    const now = this.#clock.now()
    this.#level = Math.max(0, this.#level - ((now - this.#at) / 1000) * RATE)
    this.#at = now
  }
}
