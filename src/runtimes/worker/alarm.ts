import type { Clock } from '../../core/clock.ts'
import type { Due, Schedule } from '../../core/deadlines.ts'

/** ms by which a deadline may be looked at early, so that those near to each other cost one wake. */
const EARLY = 1000

/** The one alarm of an object, for everything that has to be looked at. A hibernating object wakes for it; it may come twice. */
export class ObjectAlarm implements Schedule {
  readonly #storage: DurableObjectStorage
  readonly #clock: Clock
  readonly #deadlines = new Map<Due, number>()
  /** When the alarm is set to; undefined: it is not. */
  #at: number | undefined

  /** `at`: when it had been set to, before memory was lost. */
  constructor(storage: DurableObjectStorage, clock: Clock, at: number | undefined) {
    this.#storage = storage
    this.#clock = clock
    this.#at = at
  }

  set(entry: Due, at: number): void {
    this.#deadlines.set(entry, at)
    this.atLatest(at)
  }

  delete(entry: Due): void {
    this.#deadlines.delete(entry)
  }

  stop(): void {
    this.#deadlines.clear()
  }

  /** The object is to be woken by `time`. Each setting costs a row written: a later one needs none. */
  atLatest(time: number): void {
    if (this.#at !== undefined && this.#at <= time) return
    this.#at = time
    void this.#storage.setAlarm(time)
  }

  /** It has struck: looks at what is due. */
  struck(): void {
    this.#at = undefined
    const horizon = this.#clock.now() + EARLY
    for (const [entry, at] of [...this.#deadlines]) {
      if (at > horizon || this.#deadlines.get(entry) !== at) continue
      this.#deadlines.delete(entry)
      const again = entry.due(horizon)
      if (again !== undefined) this.#deadlines.set(entry, Math.max(again, horizon))
    }
    const next = Math.min(...this.#deadlines.values())
    if (Number.isFinite(next)) this.atLatest(next)
  }
}
