/** What the SDK wants of a platform, so that tests and simulations own time and chance. */
export interface Environment {
  /** ms since 1970. It may be set back. */
  readonly now: () => number
  /** ms since any moment, never set back. It may stand still while the machine sleeps. */
  readonly monotonic: () => number
  /** Runs `task` once, `ms` from now or later; answers how to take that back. */
  readonly after: (ms: number, task: () => void) => () => void
  /** From 0 up to, not including, 1. */
  readonly random: () => number
  /** A name that nobody else gives: at most 64 characters. */
  readonly id: () => string
  /** Calls `listener` where the network may have changed or the machine woken up; answers how to stop that. */
  readonly onWake: (listener: () => void) => () => void
  /** Tells the developer what a handler of the application threw. Must not throw. */
  readonly report: (error: unknown) => void
}

/** The longest time that every platform can wait for. In ms. */
const MAX_WAIT = 2 ** 31 - 1

/** The platform that this runs on. */
export const platform: Environment = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, Math.min(ms, MAX_WAIT))
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
  id: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(36).padStart(2, '0')).join(''),
  onWake,
  // Outside of pages `reportError` may end the process.
  report: (error) => (globalThis.document ? reportError(error) : console.error(error)),
}

/** Not every platform has all of these. */
function onWake(listener: () => void): () => void {
  const controller = new AbortController()
  const { signal } = controller
  globalThis.addEventListener?.('online', listener, { signal })
  globalThis.addEventListener?.('pageshow', listener, { signal })
  globalThis.document?.addEventListener('visibilitychange', () => document.hidden || listener(), { signal })
  const { navigator } = globalThis
  if (navigator && 'connection' in navigator && navigator.connection instanceof EventTarget) {
    navigator.connection.addEventListener('change', listener, { signal })
  }
  return () => controller.abort()
}
