import type { EventLoop } from './clock.ts'
import { Resting } from './resting.ts'
import { type Flush, LEAST, type Rhythm } from './rhythm.ts'
import type { Turns } from './turns.ts'

/**
 * Share of the time that handing out would take, were everything handed out at once. Up to the one no room rests, from the other on each rests
 * `REST` times as long as its flushes take, and in between for less.
 */
const LIGHT = 0.85
const HEAVY = 1
const REST = 1.4
/** ms over which the load is measured. */
const WINDOW = 200

/**
 * Whether what was published waits a little for what comes next, in all rooms of a hub. A write costs about the same for one publication as
 * for ten: the nearer handing out comes to all the time there is, the longer rooms rest between flushes. While there is time to spare none does.
 */
export class Linger {
  readonly loop: EventLoop
  readonly turns: Turns
  readonly #most: number
  #load = 0
  #work = 0
  /** What the turns had handed out together when this window began. */
  #together = 0
  #since = 0

  /** `most`: ms of the longest rest; 0: none. */
  constructor(loop: EventLoop, turns: Turns, most: number) {
    this.loop = loop
    this.turns = turns
    this.#most = most
  }

  /** The rhythm of a room that `flush` hands out. Where the platform can't measure what a flush takes no room rests. */
  rhythm(flush: Flush): Rhythm {
    const { stopwatch } = this.loop
    return stopwatch && this.#most >= LEAST ? new Resting(this, stopwatch, flush) : new EveryTurn(this.turns, flush)
  }

  /** At `now` a flush that takes `cost` ms would be due, were nothing held back. */
  due(cost: number, now: number): void {
    const passed = now - this.#since
    if (passed >= WINDOW) {
      const { together } = this.turns
      this.#load = (this.#work + together - this.#together) / passed
      this.#work = 0
      this.#together = together
      this.#since = now
    }
    this.#work += cost
  }

  /** ms to rest after a flush that costs `cost` ms of all threads together. */
  rest(cost: number): number {
    const share = Math.min(1, Math.max(0, (this.#load - LIGHT) / (HEAVY - LIGHT)))
    return Math.min(this.#most, REST * share * cost)
  }
}

class EveryTurn implements Rhythm {
  readonly #turns: Turns
  readonly #flush: () => void

  constructor(turns: Turns, flush: Flush) {
    this.#turns = turns
    this.#flush = () => flush(false)
  }

  added(waiting: number): void {
    if (waiting === 1) this.#turns.flushAtEnd(this.#flush)
  }

  begin(): void {}
  end(): void {}
  stop(): void {}
}
