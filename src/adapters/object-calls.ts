/**
 * An object's calls to others. As long as one is under way the object must not lose its memory, so that an event of its own has to last as
 * long. One event a call is enough: were each to last until no call is under way, none would end where there always is one.
 */
export class ObjectCalls {
  readonly #underWay = new Set<Promise<unknown>>()
  /** Those for which no event lasts yet. */
  readonly #unattended = new Set<Promise<unknown>>()

  get isIdle(): boolean {
    return this.#underWay.size === 0
  }

  async make<T>(work: () => Promise<T>): Promise<T> {
    const call = work()
    this.#underWay.add(call)
    this.#unattended.add(call)
    try {
      return await call
    } finally {
      this.#underWay.delete(call)
      this.#unattended.delete(call)
    }
  }

  /** Settles with the calls that nobody else has asked this about; undefined: there is none. */
  settled(): Promise<void> | undefined {
    if (this.#unattended.size === 0) return undefined
    const calls = [...this.#unattended]
    this.#unattended.clear()
    return Promise.allSettled(calls).then(() => {})
  }
}
