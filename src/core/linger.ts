import type { EventLoop } from './clock.ts'
import { FlushPlan } from './flush-plan.ts'
import type { Turns } from './turns.ts'

/**
 * Share of the time that handing out would take, were everything handed out at once. Up to the one no room rests, from the other on each rests
 * `REST` times as long as its flushes take, and in between for less.
 */
const LIGHT = 0.85
const HEAVY = 1
const REST = 1.4
/** Publications with which a rest ends: by then a write costs each of them little. */
export const FULL = 16
/** ms over which the load is measured. */
const WINDOW = 200
/** The shortest rest, in ms: timers know none that are shorter. */
const LEAST = 1
/** ms that a flush takes from which on it pays to look, before it begins, whether more is on its way; and the share of what it costs that this may take. */
const DEAR = 1
const LOOKING = 0.2
/** What the newest measurement counts for. */
const WEIGHT = 0.2

/** Hands out what a room has, to all of its members or to those alone who have waited the longest. */
export type Flush = (isPart: boolean) => void

/** When one room's publications go out. */
export interface Rhythm {
  /** A publication has come in, of `waiting` that wait: the flush follows at the end of this turn, or when the room has rested. */
  added(waiting: number): void
  /** A flush of so many begins. */
  begin(publications: number): void
  /**
   * It ends: what it cost is what the next rest goes by. Other threads worked for it for so many ms, too; it was for this share of the room's
   * members, and so many publications wait for others.
   */
  end(elsewhere: number, share: number, waiting: number): void
  /** Nobody waits for a flush any more. */
  stop(): void
}

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

class Resting implements Rhythm {
  readonly #linger: Linger
  readonly #stopwatch: () => number
  readonly #flush: () => void
  /** A timer: the room rests, or what mostly comes together is not complete. */
  readonly #plan: FlushPlan
  /** Publications with which a timer's time is over. */
  #enough = FULL
  #waiting = 0
  /** Publications that lately went out together, at most. */
  #together = 0
  /** The last turn in which something came in. */
  #turn = -1
  /** Since when a flush has been due. */
  #dueSince = 0
  /** ms that a flush takes. */
  #cost = 0
  /** ms of other threads that it takes beside. */
  #elsewhere = 0
  #began = 0
  #restsUntil = 0

  constructor(linger: Linger, stopwatch: () => number, flush: Flush) {
    this.#linger = linger
    this.#stopwatch = stopwatch
    // Where rooms rest, who waits the longest need not wait for all others to be written to.
    this.#flush = () => flush(linger.rest(this.#total) >= LEAST)
    this.#plan = new FlushPlan(linger.loop, linger.turns, this.#flush, () => this.#turnEnds())
  }

  added(waiting: number): void {
    this.#waiting = waiting
    const turn = this.#linger.turns.current()
    if (turn !== this.#turn || this.#plan.kind === 'none') {
      this.#turn = turn
      this.#look()
    }
    if (waiting >= this.#enough && this.#plan.kind === 'timer') this.#planTurn()
  }

  begin(publications: number): void {
    this.stop()
    this.#waiting = 0
    this.#together = Math.max(publications, this.#together + (publications - this.#together) * WEIGHT)
    this.#began = this.#stopwatch()
  }

  end(elsewhere: number, share: number, waiting: number): void {
    const now = this.#stopwatch()
    const took = (now - this.#began) / share
    this.#cost = this.#cost === 0 ? took : this.#cost + (took - this.#cost) * WEIGHT * share
    this.#elsewhere += (elsewhere / share - this.#elsewhere) * WEIGHT * share
    const rest = this.#linger.rest(this.#total)
    // By the plan, so that a timer that comes late does not put the others off.
    const planned = share === 1 ? now + rest : this.#restsUntil + (this.#cost + rest) * share
    this.#restsUntil = Math.min(Math.max(planned, now), now + rest)
    if (waiting > 0) this.#wait(Math.max(LEAST, Math.round(this.#restsUntil - now)), FULL)
  }

  /** ms that a flush costs all threads together. */
  get #total(): number {
    return this.#cost + this.#elsewhere
  }

  stop(): void {
    this.#plan.cancel()
  }

  #look(): void {
    if (this.#plan.kind === 'turn') return
    const now = this.#stopwatch()
    this.#linger.due(this.#cost, now)
    if (this.#plan.kind === 'timer') return
    const left = this.#restsUntil - now
    if (left < LEAST) this.#planTurn()
    else this.#wait(Math.round(left), FULL)
  }

  #wait(ms: number, enough: number): void {
    this.#enough = enough
    this.#plan.after(ms)
  }

  #planTurn(): void {
    this.#dueSince = this.#stopwatch()
    this.#plan.atTurnsEnd()
  }

  /**
   * What was sent in one go may be read in several turns: what comes after the first would wait for a whole flush. Where nothing came in this
   * turn, whoever sends it may be waiting for this very core.
   */
  #turnEnds(): void {
    const left = this.#total * LOOKING - (this.#stopwatch() - this.#dueSince)
    const expected = Math.round(this.#together)
    if (this.#cost < DEAR || left <= 0) this.#flush()
    else if (this.#turn === this.#linger.turns.current()) this.#plan.atTurnsEnd()
    // A timer counts from when this turn began: rounded up, it strikes at about that time.
    else if (left >= LEAST && this.#waiting < Math.min(FULL, expected)) this.#wait(Math.ceil(left), expected)
    else this.#flush()
  }
}
