import type { Turns } from './turns.ts'

/** Characters of text that the copies of all logs in one hub may take together, where nothing else is said. */
export const MOST_COPIED = 64 * 1024 * 1024
/** The part of it that they are cut to where it is exceeded, so that it does not happen again at once. */
const CUT = 0.9

/** The part of a room's log that a hub keeps beside its adapter. */
export interface Copy {
  readonly bytes: number
  /** When its newest publication was published, in ms since 1970; undefined where it has none. */
  readonly newest: number | undefined
  /** Keeps no publication. Whoever has yet to get one gets it from the adapter's log. */
  empty(): void
}

/** Bounds what a hub's copies of logs take together: beyond it the least recently published ones go first. */
export class Copies {
  readonly #turns: Turns
  readonly #most: number
  readonly #all = new Set<Copy>()
  /** At most so much: what copies evicted by themselves since they were last counted is in it. */
  #bytes = 0
  #isDue = false

  /** `most`: characters of text. */
  constructor(turns: Turns, most: number) {
    this.#turns = turns
    this.#most = most
  }

  add(copy: Copy): void {
    this.#all.add(copy)
  }

  delete(copy: Copy): void {
    this.#all.delete(copy)
  }

  /** One of them has grown by so much. What is too much goes with the end of the turn. */
  grew(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= this.#most || this.#isDue) return
    this.#isDue = true
    this.#turns.atEnd(() => this.#cut())
  }

  #cut(): void {
    this.#isDue = false
    this.#bytes = 0
    for (const { bytes } of this.#all) this.#bytes += bytes
    for (const copy of [...this.#all].sort((a, b) => (a.newest ?? 0) - (b.newest ?? 0))) {
      if (this.#bytes <= CUT * this.#most) return
      this.#bytes -= copy.bytes
      copy.empty()
    }
  }
}
