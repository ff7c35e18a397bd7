import type { Cancel, Clock, EventLoop } from '../core/clock.ts'

/** ms that timers of every runtime can wait for. */
const LONGEST = 24 * 3600 * 1000

/** One timer for the next thing to do, by the wall clock; none while there is none. It strikes `coarse` ms late, so that more of them are due together. */
export class Alarm {
  readonly #clock: Clock
  readonly #loop: EventLoop
  readonly #coarse: number
  readonly #strike: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel: Cancel | undefined

  constructor(clock: Clock, loop: EventLoop, coarse: number, strike: () => void) {
    this.#clock = clock
    this.#loop = loop
    this.#coarse = coarse
    this.#strike = strike
  }

  /** Strikes at `at` (ms since 1970), unless it was to strike earlier already. */
  atLatest(at: number): void {
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    const wait = at - this.#clock.wall()
    this.#cancel = this.#loop.after(wait > 0 ? Math.min(wait + this.#coarse, LONGEST) : 0, () => {
      this.#at = Number.POSITIVE_INFINITY
      this.#cancel = undefined
      this.#strike()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}
