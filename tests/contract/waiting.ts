/** How long a wait for something that should come at once lasts: far more than a busy machine needs. */
export const PATIENCE = 10_000

export interface Wait<T> {
  readonly what: string
  readonly take: () => T | undefined
  readonly timeout?: number | undefined
}

/** Waits that events wake. A wait that fails says what came instead. */
export class Waiting {
  readonly #attempts = new Set<() => void>()
  readonly #isOver: () => boolean
  readonly #received: () => string

  constructor(isOver: () => boolean, received: () => string) {
    this.#isOver = isOver
    this.#received = received
  }

  wake(): void {
    for (const attempt of [...this.#attempts]) attempt()
  }

  wait<T>({ what, take, timeout = PATIENCE }: Wait<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#attempts.delete(attempt)
      }
      const fail = (why: string): void => {
        done()
        reject(new Error(`waited for ${what}, but ${why}; received: ${this.#received()}`))
      }
      const attempt = (): void => {
        const taken = take()
        if (taken !== undefined) {
          done()
          resolve(taken)
        } else if (this.#isOver()) fail('the connection ended')
      }
      const timer = setTimeout(() => fail(`nothing of it came within ${timeout} ms`), timeout)
      this.#attempts.add(attempt)
      attempt()
    })
  }
}

/** Repeats `attempt` until it gives something: for what the server tells nobody, such as a place that became free. */
export async function until<T>(what: string, attempt: () => Promise<T | undefined>, timeout = PATIENCE): Promise<T> {
  const end = Date.now() + timeout
  for (;;) {
    const result = await attempt()
    if (result !== undefined) return result
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

export function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text
}
