import type { Clock, EventLoop } from '../../core/clock.ts'
import { FRAME_COST, type Gauge } from './gauge.ts'

/** Bytes that a socket is given at once, and a second: more than a peer reads that keeps up, less than an object has memory for. */
export const BURST = 4 * 1024 * 1024
export const RATE = 4 * 1024 * 1024

/**
 * For peers that say nothing of what they have read: everything that was sent, as though it left at a fixed rate. One that does not read
 * costs no more than that rate.
 */
export class SendRate implements Gauge {
  readonly #clock: Clock
  readonly #loop: EventLoop
  #level = 0
  #at: number

  constructor({ clock, loop }: { readonly clock: Clock; readonly loop: EventLoop }) {
    this.#clock = clock
    this.#loop = loop
    this.#at = clock.now()
  }

  spend(length: number): void {
    this.#leak()
    this.#level += length + FRAME_COST
  }

  excess(): number {
    this.#leak()
    return Math.max(0, this.#level - BURST)
  }

  whenDrained(task: () => void): void {
    this.#loop.after(Math.ceil((this.excess() / RATE) * 1000), task)
  }

  #leak(): void {
    const now = this.#clock.now()
    this.#level = Math.max(0, this.#level - ((now - this.#at) / 1000) * RATE)
    this.#at = now
  }
}
