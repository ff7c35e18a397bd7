import { FlushPlan } from './flush-plan.ts'
import type { Linger } from './linger.ts'
import { type Flush, FULL, LEAST, type Rhythm } from './rhythm.ts'

/** ms that a flush takes from which on it pays to look, before it begins, whether more is on its way; and the share of what it costs that this may take. */
const DEAR = 1
const LOOKING = 0.2
/** What the newest measurement counts for. */
const WEIGHT = 0.2

/** The rhythm of a room that rests where the process comes near to spending all its time on handing out. */
export class Resting implements Rhythm {
  readonly #linger: Linger
  readonly #stopwatch: () => number
  readonly #flush: () => void
  /** A timer: the room rests, or what mostly comes together is not complete. */
  readonly #plan: FlushPlan
  /** Publications with which a timer's time is over. */
  #enough = FULL
  /** Publications that wait for the next flush. */
  #waiting = 0
  /** Publications that lately went out with a flush, at most. */
  #usual = 0
  /** The last turn in which something came in. */
  #turn = -1
  /** Since when a flush has been due; infinite: none is, or the room rests. */
  #dueSince = Number.POSITIVE_INFINITY
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
    this.#usual = Math.max(publications, this.#usual + (publications - this.#usual) * WEIGHT)
    this.#dueSince = Number.POSITIVE_INFINITY
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
    this.#waiting = waiting
    if (waiting >= FULL) this.#planTurn()
    else if (waiting > 0) this.#wait(Math.max(LEAST, Math.round(this.#restsUntil - now)), FULL)
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
    this.#dueSince = Math.min(this.#dueSince, this.#stopwatch())
    this.#plan.atTurnsEnd()
  }

  /**
   * What was sent in one go may be read in several turns: what comes after the first would wait for a whole flush. Where nothing came in this
   * turn, whoever sends it may be waiting for this very core.
   */
  #turnEnds(): void {
    const left = this.#total * LOOKING - (this.#stopwatch() - this.#dueSince)
    const expected = Math.round(this.#usual)
    if (this.#cost < DEAR || left <= 0) this.#flush()
    else if (this.#turn === this.#linger.turns.current()) this.#plan.atTurnsEnd()
    // A timer counts from when this turn began: rounded up, it strikes at about that time.
    else if (left >= LEAST && this.#waiting < Math.min(FULL, expected)) this.#wait(Math.ceil(left), expected)
    else this.#flush()
  }
}
