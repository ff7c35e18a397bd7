import type { Cancel, Clock, EventLoop } from './clock.ts'

/** Something that must be looked at when its time comes. */
export interface Due {
  /** Does what is due by `horizon` (ms since 1970), if anything is, and answers when to look again; undefined: never. */
  due(horizon: number): number | undefined
}

/** Looks at things when their time comes. */
export interface Schedule {
  /** Looks at `entry` at `at` (ms since 1970) or a little earlier; an earlier setting of the same entry is forgotten. */
  set(entry: Due, at: number): void
  delete(entry: Due): void
  /** Looks at nothing until something is set again. */
  stop(): void
}

/**
 * One timer for any number of deadlines: time is cut into ticks, and what is due within a tick is looked at when it begins,
 * so up to one tick early, and late by no more than the event loop is; one that lies in the tick that has begun already waits for the
 * next. No timer runs while there is nothing to wait for.
 */
export class Deadlines implements Schedule {
  readonly #clock: Clock
  readonly #loop: EventLoop
  readonly #tick: number
  readonly #slots = new Map<number, Set<Due>>()
  readonly #slotOf = new Map<Due, number>()
  #next = 0
  #cancel: Cancel | undefined
  #firing = false

  /** `tick` in ms: how early a deadline may be looked at. */
  constructor(clock: Clock, loop: EventLoop, tick: number) {
    this.#clock = clock
    this.#loop = loop
    this.#tick = tick
  }

  get size(): number {
    return this.#slotOf.size
  }

  has(entry: Due): boolean {
    return this.#slotOf.has(entry)
  }

  /** Looks at `entry` at `at` (ms since 1970); an earlier setting of the same entry is forgotten. */
  set(entry: Due, at: number): void {
    this.delete(entry)
    const now = Math.floor(this.#clock.now() / this.#tick)
    const slot = Math.max(Math.floor(at / this.#tick), now + 1)
    const entries = this.#slots.get(slot)
    if (entries) entries.add(entry)
    else this.#slots.set(slot, new Set([entry]))
    this.#slotOf.set(entry, slot)
    if (!this.#cancel && !this.#firing) {
      this.#next = now + 1
      this.#arm()
    }
  }

  delete(entry: Due): void {
    const slot = this.#slotOf.get(entry)
    if (slot === undefined) return
    this.#slotOf.delete(entry)
    const entries = this.#slots.get(slot)
    entries?.delete(entry)
    if (entries?.size === 0) this.#slots.delete(slot)
    if (this.#slotOf.size === 0) this.stop()
  }

  /** Stops the timer. Setting a deadline starts it again. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(): void {
    const wait = this.#next * this.#tick - this.#clock.now()
    this.#cancel = this.#loop.after(Math.max(0, wait), () => this.#fire())
  }

  #fire(): void {
    this.#cancel = undefined
    const now = Math.floor(this.#clock.now() / this.#tick)
    // A clock that leapt (sleep, a paused process) makes many ticks due at once: only slots that exist are looked at.
    const reached =
      now - this.#next > this.#slots.size ? [...this.#slots.keys()].sort((a, b) => a - b) : range(this.#next, now)
    this.#next = now + 1
    // What is set meanwhile must not move `#next`: slots that become due in the middle of this would be skipped.
    this.#firing = true
    for (const slot of reached) {
      if (slot > now) break
      this.#lookAt(slot)
    }
    this.#firing = false
    if (this.#slotOf.size > 0 && !this.#cancel) this.#arm()
  }

  #lookAt(slot: number): void {
    const entries = this.#slots.get(slot)
    if (!entries) return
    this.#slots.delete(slot)
    const horizon = (slot + 1) * this.#tick
    for (const entry of entries) {
      // One that an earlier entry of this slot took away is not due any more.
      if (this.#slotOf.get(entry) !== slot) continue
      this.#slotOf.delete(entry)
      const again = entry.due(horizon)
      if (again !== undefined) this.set(entry, again)
    }
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
