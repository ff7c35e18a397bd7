/** A value that can be looked at and listened to. `subscribe` needs no `this`: it fits `useSyncExternalStore`. */
export class Observable<T> {
  #value: T
  #told: T
  readonly #listeners = new Set<{ readonly hear: (value: T) => void }>()
  readonly #report: (error: unknown) => void

  constructor(value: T, report: (error: unknown) => void) {
    this.#value = value
    this.#told = value
    this.#report = report
  }

  get value(): T {
    return this.#value
  }

  readonly subscribe = (hear: (value: T) => void): (() => void) => {
    const listener = { hear }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Changes the value; `tell` says so to the listeners. */
  put(value: T): void {
    this.#value = value
  }

  /** Where a listener changes the value, the others hear of the latest only. */
  tell(): void {
    if (this.#told === this.#value) return
    const value = this.#value
    this.#told = value
    for (const listener of [...this.#listeners]) {
      if (this.#value !== value) return
      if (this.#listeners.has(listener)) safely(this.#report, () => listener.hear(value))
    }
  }

  set(value: T): void {
    this.put(value)
    this.tell()
  }
}

/** Runs a handler of the application, which may throw. */
export function safely(report: (error: unknown) => void, handler: () => void): void {
  try {
    handler()
  } catch (error) {
    report(error)
  }
}
