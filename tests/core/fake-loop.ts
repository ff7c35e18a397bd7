import type { Cancel, Clock, EventLoop } from '../../src/core/clock.ts'
import type { Logger } from '../../src/core/logger.ts'
import type { Random } from '../../src/core/random.ts'

interface Timer {
  readonly at: number
  readonly task: () => void
}

/** For what must not fail in a test. */
export const raise = (reason: unknown): never => {
  throw reason
}

/** Time and turns of the event loop that pass only when a test says so. */
export class FakeLoop implements Clock, EventLoop {
  #now: number
  #ends: (() => void)[] = []
  readonly #timers = new Set<Timer>()
  /** ms that the wall clock is ahead. */
  ahead = 0

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now + this.ahead
  }

  /** Timers that have not run. */
  get timers(): number {
    return this.#timers.size
  }

  endOfTurn(task: () => void): void {
    this.#ends.push(task)
  }

  after(ms: number, task: () => void): Cancel {
    const timer = { at: this.#now + ms, task }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** Ends this turn. What is put off meanwhile belongs to the next one. */
  turn(): void {
    const ends = this.#ends
    this.#ends = []
    for (const task of ends) task()
  }

  /** Turns until nothing is put off any more. */
  rest(): void {
    for (let turns = 0; this.#ends.length > 0; turns++) {
      if (turns > 10_000) throw new Error('the turns do not end')
      this.turn()
    }
  }

  /** Lets time pass: every timer runs when it is due, in a turn of its own. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at)
      this.#timers.delete(next)
      next.task()
      this.turn()
    }
    this.#now = Math.max(this.#now, until)
  }

  /** Time passes within a task: no timer has run yet. */
  pass(ms: number): void {
    this.#now += ms
  }

  /** The process slept: all the time passes at once, and the timers run late. */
  leap(ms: number): void {
    this.#now += ms
    this.advance(0)
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= until && (!first || timer.at < first.at)) first = timer
    return first
  }
}

/** A loop that can say what a piece of work takes. */
export class TimedLoop extends FakeLoop {
  readonly stopwatch = (): number => this.now()
}

/** Unguessable only for who does not know the seed. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed = 1) {
    this.#state = seed
  }

  id(length: number): string {
    return Array.from({ length }, () => Math.floor(this.#next() * 36).toString(36)).join('')
  }

  #next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return this.#state / 2 ** 32
  }
}

/** Remembers what was logged, as `level: message`. */
export class FakeLog implements Logger {
  readonly lines: string[] = []
  readonly debug = (message: string): void => this.#note('debug', message)
  readonly info = (message: string): void => this.#note('info', message)
  readonly warn = (message: string): void => this.#note('warn', message)
  readonly error = (message: string): void => this.#note('error', message)

  #note(level: string, message: string): void {
    this.lines.push(`${level}: ${message}`)
  }
}

/** A promise that the test settles. */
export class Gate<T> {
  readonly promise: Promise<T>
  readonly #settle: { resolve: (value: T) => void; reject: (reason: unknown) => void }[] = []

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#settle.push({ resolve, reject })
    })
  }

  open(value: T): void {
    for (const { resolve } of this.#settle) resolve(value)
  }

  fail(reason: unknown): void {
    for (const { reject } of this.#settle) reject(reason)
  }
}
