import type { LogLimits } from './broadcast-adapter.ts'

/** What a log must know of its entries. */
export interface LogEntry {
  readonly offset: number
  readonly id: string
  /** ms since 1970. */
  readonly time: number
  readonly bytes: number
}

/** A place in a log: an entry's offset and id, or offset 0 without an id: before the first. */
export interface Mark {
  readonly offset: number
  readonly id?: string | undefined
}

/** The mark of a position or an entry, and nothing else of it. */
export const markOf = ({ offset, id }: Mark): Mark => (id === undefined ? { offset } : { offset, id })

const EMPTY: Mark = { offset: 0 }

/**
 * The kept end of a sequence of entries whose offsets rise by one: bounded in number, age and bytes.
 * It remembers its head and its floor (the last entry evicted) even when it holds nothing, so that who was caught up can prove it.
 * The newest entry outlives the bound in bytes, never the one in time.
 */
export class Log<E extends LogEntry> {
  readonly #limits: LogLimits
  #entries: (E | undefined)[] = []
  /** Index of the oldest kept entry: evicting moves it, and now and then the dead front is cut off. */
  #first = 0
  #bytes = 0
  #floor: Mark
  #head: Mark

  constructor(limits: LogLimits, start: Mark = EMPTY) {
    this.#limits = limits
    this.#floor = start
    this.#head = start
  }

  get head(): Mark {
    return this.#head
  }

  get floor(): Mark {
    return this.#floor
  }

  get size(): number {
    return this.#entries.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Adds the entry after the head and evicts what is beyond the bounds. Throws where the offset is not the next one. */
  append(entry: E): void {
    if (entry.offset !== this.#head.offset + 1) {
      throw new RangeError(`offset ${entry.offset} does not follow ${this.#head.offset}`)
    }
    this.#entries.push(entry)
    this.#bytes += entry.bytes
    this.#head = { offset: entry.offset, id: entry.id }
    this.shrink(this.#limits.size)
    while (this.#bytes > this.#limits.bytes && this.size > 1) this.#evict()
    this.expire(entry.time)
  }

  /** Evicts what is older than the bound in time at `now`. */
  expire(now: number): void {
    for (let oldest = this.#oldest(); oldest && oldest.time <= now - this.#limits.ttl; oldest = this.#oldest())
      this.#evict()
  }

  /** When the newest entry was published, in ms since 1970; undefined where nothing is kept. */
  get newest(): number | undefined {
    return this.size > 0 ? this.#entries.at(-1)?.time : undefined
  }

  /** When it will have expired. */
  get expires(): number | undefined {
    const { newest } = this
    return newest === undefined ? undefined : newest + this.#limits.ttl
  }

  /** The kept entries after `offset`, the oldest first, at most `limit`. */
  after(offset: number, limit: number = Number.POSITIVE_INFINITY): E[] {
    const from = this.#first + Math.max(0, offset - this.#floor.offset)
    const to = Math.min(this.#entries.length, from + limit)
    const found: E[] = []
    for (let i = from; i < to; i++) {
      const entry = this.#entries[i]
      if (entry) found.push(entry)
    }
    return found
  }

  /** The mark at `offset`, where this log still knows it: floor, head or a kept entry. */
  markAt(offset: number): Mark | undefined {
    if (offset === this.#floor.offset) return this.#floor
    const entry = this.#entries[this.#first + offset - this.#floor.offset - 1]
    return offset > this.#floor.offset && entry ? { offset, id: entry.id } : undefined
  }

  /** Evicts all but the newest `size`. */
  shrink(size: number): void {
    while (this.size > size) this.#evict()
  }

  /** Forgets every entry and goes on after `mark`. */
  restart(mark: Mark): void {
    this.#entries = []
    this.#first = 0
    this.#bytes = 0
    this.#floor = mark
    this.#head = mark
  }

  #oldest(): E | undefined {
    return this.#entries[this.#first]
  }

  #evict(): void {
    const oldest = this.#oldest()
    if (!oldest) return
    this.#floor = { offset: oldest.offset, id: oldest.id }
    this.#bytes -= oldest.bytes
    this.#entries[this.#first] = undefined
    this.#first++
    if (this.#first > 32 && this.#first * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#first)
      this.#first = 0
    }
  }
}
