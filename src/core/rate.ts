/** A bucket that holds one second's worth: allows `perSecond` at once, then as many a second. 0: allows all. */
export class RateLimit {
  readonly #perSecond: number
  #tokens: number
  #at = 0

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond
  }

  /** Takes one; false where there is none. `now` in ms. */
  take(now: number): boolean {
    if (this.#perSecond === 0) return true
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
