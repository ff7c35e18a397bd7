import type { Cancel, Clock, EventLoop } from '../../src/core/clock.ts'
import type { Chance } from './chance.ts'
import type { Scheduler } from './scheduler.ts'

/** ms since 1970 at which every run begins. */
export const BEGIN = 1_700_000_000_000

/**
 * A process of its own: a clock that may be wrong by a constant, timers that may be late, turns of an event loop. It can be killed,
 * and stopped for a while: what comes in meanwhile waits at its door.
 */
export class Process implements Clock, EventLoop {
  readonly #scheduler: Scheduler
  readonly #chance: Chance
  #skew: number
  readonly #timers = new Set<Cancel>()
  #ends: (() => void)[] = []
  #door: (() => void)[] = []
  #state: 'running' | 'stopped' | 'catching up' | 'dead' = 'running'
  #stops = 0
  #stoppedAt = 0
  #slept = 0
  /** ms of work that no time of the simulation passes for. */
  #worked = 0
  /** Called after each turn, for who looks at it from outside. */
  afterTurn: () => void = () => {}

  constructor(scheduler: Scheduler, chance: Chance, skew = 0) {
    this.#scheduler = scheduler
    this.#chance = chance
    this.#skew = skew
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  /** Timers that have not run. */
  get timers(): number {
    return this.#timers.size
  }

  now(): number {
    return BEGIN + this.#scheduler.now() + this.#skew
  }

  wall(): number {
    return this.now()
  }

  /** A clock that nobody sets and that never stands still. */
  uptime(): number {
    return this.#scheduler.now()
  }

  /** A clock that nobody sets, but that stands still while the process does. */
  monotonic(): number {
    return this.#scheduler.now() - this.#slept
  }

  /** What is done takes nothing, or quite some time: now and then so much that rooms rest between flushes. */
  readonly stopwatch = (): number => {
    if (this.#chance.below(3) === 0) this.#worked += this.#chance.below(60)
    return this.monotonic() + this.#worked
  }

  /** Somebody sets the clock. */
  setClock(by: number): void {
    this.#skew += by
  }

  endOfTurn(task: () => void): void {
    if (this.#ends.push(task) > 1) return
    this.#scheduler.after(this.#chance.below(3), () => this.enter(() => this.#turn()))
  }

  after(ms: number, task: () => void): Cancel {
    const cancel = this.#scheduler.after(ms + this.#chance.below(3), () => {
      this.enter(() => {
        if (this.#timers.delete(forget)) task()
      })
    })
    const forget = (): void => {
      this.#timers.delete(forget)
      cancel()
    }
    this.#timers.add(forget)
    return forget
  }

  /** Something from outside, or a timer, comes to this process. */
  enter(task: () => void): void {
    if (this.#state === 'running') task()
    else if (this.#state !== 'dead') this.#door.push(task)
  }

  /** Nothing runs for so many ms (SIGSTOP, or a laptop that sleeps). */
  stop(ms: number): void {
    if (this.#state === 'dead') return
    if (this.#state !== 'stopped') this.#stoppedAt = this.#scheduler.now()
    this.#state = 'stopped'
    const stop = ++this.#stops
    this.#scheduler.after(ms, () => {
      if (this.#state !== 'stopped' || stop !== this.#stops) return
      this.#state = 'catching up'
      this.#slept += this.#scheduler.now() - this.#stoppedAt
      this.#next()
    })
  }

  /** Nothing runs ever again. */
  kill(): void {
    this.#state = 'dead'
    for (const cancel of [...this.#timers]) cancel()
    this.#ends = []
    this.#door = []
  }

  /** Lets in who waits at the door, one after the other. */
  #next(): void {
    if (this.#state !== 'catching up') return
    const task = this.#door.shift()
    if (!task) {
      this.#state = 'running'
      return
    }
    task()
    this.#scheduler.after(0, () => this.#next())
  }

  #turn(): void {
    const ends = this.#ends
    this.#ends = []
    for (const task of ends) task()
    this.afterTurn()
  }
}
