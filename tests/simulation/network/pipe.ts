import type { Scheduler } from '../scheduler.ts'

interface Parcel<T> {
  readonly item: T
  readonly size: number
}

export interface PipeOptions<T> {
  readonly scheduler: Scheduler
  /** ms on the way. */
  readonly delay: () => number
  /** Bytes that may be on the way, or arrived and not taken. */
  readonly window?: number
  readonly arrive: (item: T) => void
}

/** One direction of a TCP connection: ordered and reliable until it is cut; what the window does not let in waits at the sender. */
export class Pipe<T> {
  readonly #options: PipeOptions<T>
  readonly #window: number
  #unsent: Parcel<T>[] = []
  #arrived: Parcel<T>[] = []
  #waiting = 0
  #underway = 0
  #last = 0
  #taking = false
  #isCut = false
  readonly #stops = new Set<string>()
  /** Called when less waits than before. */
  eased: () => void = () => {}

  constructor(options: PipeOptions<T>) {
    this.#options = options
    this.#window = options.window ?? Number.POSITIVE_INFINITY
  }

  /** Bytes at the sender. */
  get waiting(): number {
    return this.#waiting
  }

  push(item: T, size = 1): void {
    this.#unsent.push({ item, size })
    this.#waiting += size
    this.#send()
  }

  /** Nothing is taken at the other end, until every reason for that is gone. */
  stop(reason: string): void {
    this.#stops.add(reason)
  }

  go(reason: string): void {
    if (this.#stops.delete(reason)) this.#takeSoon()
  }

  /** What has not arrived never will. */
  cut(): void {
    this.#isCut = true
    this.#arrived = []
  }

  /** The sender is gone, and with it what had not left it. What is on the way arrives. */
  seal(): void {
    this.#unsent = []
  }

  #send(): void {
    while (!this.#isCut && (this.#underway < this.#window || this.#underway === 0)) {
      const parcel = this.#unsent.shift()
      if (!parcel) return
      this.#waiting -= parcel.size
      this.#underway += parcel.size
      const { scheduler, delay } = this.#options
      this.#last = Math.max(this.#last, scheduler.now() + delay())
      scheduler.at(this.#last, () => {
        if (this.#isCut) return
        this.#arrived.push(parcel)
        this.#take()
      })
    }
  }

  #take(): void {
    if (this.#isCut || this.#taking || this.#stops.size > 0) return
    const parcel = this.#arrived.shift()
    if (!parcel) return
    this.#underway -= parcel.size
    this.#options.arrive(parcel.item)
    const before = this.#waiting
    this.#send()
    if (this.#waiting < before) this.eased()
    if (this.#arrived.length > 0) this.#takeSoon()
  }

  #takeSoon(): void {
    if (this.#taking) return
    this.#taking = true
    this.#options.scheduler.after(0, () => {
      this.#taking = false
      this.#take()
    })
  }
}
