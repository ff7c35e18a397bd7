import type { Clock, EventLoop } from '../../core/clock.ts'
import type { Due, Schedule } from '../../core/deadlines.ts'

/** ms by which a deadline may be looked at early, so that those near to each other cost one wake. */
const EARLY = 1000
/** ms that an alarm is set ahead at most: the platform takes none after 2189. */
const FURTHEST = 30 * 86_400_000

/** What of an object's storage an alarm needs. */
export interface AlarmStorage {
  setAlarm(time: number): Promise<void>
}

/** The one alarm of an object, for everything that has to be looked at. A hibernating object wakes for it; it may come twice. */
export class ObjectAlarm implements Schedule {
  readonly #storage: AlarmStorage
  readonly #clock: Clock
  readonly #loop: EventLoop
  readonly #deadlines = new Map<Due, number>()
  /** When the alarm is set to; undefined: it is not. */
  #at: number | undefined
  #isSetting = false

  /** `at`: when it had been set to, before memory was lost. */
  constructor(storage: AlarmStorage, clock: Clock, loop: EventLoop, at: number | undefined) {
    this.#storage = storage
    this.#clock = clock
    this.#loop = loop
    this.#at = at
  }

  /** The object will be woken some time. */
  get isSet(): boolean {
    return this.#at !== undefined
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

  /**
   * The object is to be woken by `time`. Each setting costs a row written: a later time needs none, and all that this turn asks for is set
   * together at its end.
   */
  atLatest(time: number): void {
    const at = Math.min(time, this.#clock.now() + FURTHEST)
    if (this.#at !== undefined && this.#at <= at) return
    this.#at = at
    if (this.#isSetting) return
    this.#isSetting = true
    this.#loop.endOfTurn(() => {
      this.#isSetting = false
      if (this.#at !== undefined) void this.#storage.setAlarm(this.#at)
    })
  }

  /** It has struck: looks at what is due. */
  struck(): void {
    this.#at = undefined
    const horizon = this.#clock.now() + EARLY
    if (this.#next() <= horizon) this.#lookAtAll(horizon)
    const next = this.#next()
    if (Number.isFinite(next)) this.atLatest(next)
  }

  /** Also at what is not due yet: peers were heard since their deadlines were set, and each of those would wake the object once more. */
  #lookAtAll(horizon: number): void {
    for (const entry of [...this.#deadlines.keys()]) {
      if (!this.#deadlines.delete(entry)) continue
      const again = entry.due(horizon)
      if (again !== undefined) this.#deadlines.set(entry, Math.max(again, horizon))
    }
  }

  #next(): number {
    let next = Number.POSITIVE_INFINITY
    for (const at of this.#deadlines.values()) next = Math.min(next, at)
    return next
  }
}
