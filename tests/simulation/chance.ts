import type { Random } from '../../src/core/random.ts'

/** Every draw of a run comes from here (sfc32): the same seed, the same draws, on every runtime. */
export class Chance implements Random {
  #a: number
  #b: number
  #c = 0x9e3779b9
  #count = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    for (let i = 0; i < 12; i++) this.#bits()
  }

  /** A whole number from 0 up, below `limit`. */
  below(limit: number): number {
    return Math.floor((this.#bits() / 2 ** 32) * limit)
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True in so many of a thousand cases. */
  perMille(odds: number): boolean {
    return this.below(1000) < odds
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.below(from.length)]
    if (found === undefined) throw new RangeError('nothing to pick from')
    return found
  }

  /** How long things take: `mean` on average, mostly less, now and then several times as much. */
  around(mean: number): number {
    const long = this.perMille(50) ? 4 : 1
    return Math.floor((this.below(1000) * this.below(1000) * 3 * mean * long) / 1_000_000)
  }

  id(length: number): string {
    let id = ''
    while (id.length < length) id += this.#bits().toString(36).padStart(7, '0').slice(1)
    return id.slice(0, length)
  }

  /** Draws of its own for a part, so that other parts' draws do not change them. */
  fork(): Chance {
    return new Chance(this.#bits() * 2 ** 20 + (this.#bits() >>> 12))
  }

  #bits(): number {
    const mixed = (((this.#a + this.#b) | 0) + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + mixed) | 0
    return mixed >>> 0
  }
}
