import type { Clock, EventLoop } from '../../core/clock.ts'
import { FlushPlan } from '../../core/flush-plan.ts'
import { type Flush, FULL, type Rhythm } from '../../core/rhythm.ts'
import type { Turns } from '../../core/turns.ts'

/** ms since the last handing out within which what comes is held: more than it takes to write one message to a large room. */
const THICK = 500
/** ms of a hold after one that was worth it; any other one waits for no more than what had come already. */
const HOLD = 4
/** How many go out at once after a hold that brought nothing more: a timer takes its time and some CPU, in vain where messages come evenly. */
const PASSES = 8

export interface GatheringDeps {
  readonly clock: Clock
  readonly loop: EventLoop
}

/**
 * When publications go out where every one is an event of its own. What comes after a pause goes out at once; what follows soon is held for
 * a moment, so that messages that come thick go out together, as long as that is worth it. A timer keeps the object's memory for as long as something is held: whatever
 * ends an object all the same closes its sockets, and clients resume from what they have.
 */
export class Gathering implements Rhythm {
  readonly #clock: Clock
  /** At the turn's end: it goes out with this event. A timer: it is held for what comes meanwhile. */
  readonly #plan: FlushPlan
  /** How many went out together last, and when. */
  #brought = 0
  #at = 0
  /** How many go out at once before another hold is tried. */
  #passes = 0

  constructor({ clock, loop }: GatheringDeps, turns: Turns, flush: Flush) {
    this.#clock = clock
    this.#plan = new FlushPlan(loop, turns, () => flush(false))
  }

  added(waiting: number): void {
    if (this.#plan.kind === 'none') this.#begin()
    if (waiting >= FULL && this.#plan.kind === 'timer') this.#plan.atTurnsEnd()
  }

  begin(publications: number): void {
    const isHeld = this.#plan.kind === 'timer'
    this.#plan.cancel()
    this.#brought = publications
    if (isHeld && publications === 1) this.#passes = PASSES
    else if (this.#passes > 0) this.#passes--
    this.#at = this.#clock.now()
  }

  end(): void {}

  stop(): void {
    this.#plan.cancel()
  }

  #begin(): void {
    if (this.#passes > 0 || this.#clock.now() - this.#at >= THICK) this.#plan.atTurnsEnd()
    else this.#plan.after(this.#brought > 1 ? HOLD : 0)
  }
}
