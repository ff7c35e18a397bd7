/**
 * A value now or later. Ports answer with it, so that an engine in the same process costs no promise and no extra turn,
 * while a remote one may take its time.
 */
export type Eventually<T> = T | Promise<T>

/**
 * Calls `done` with the value, or `failed` with the reason: in this call where it is known already, else later.
 * What `done` throws goes to `failed` too. Answers a promise only where there was something to wait for.
 */
export function settle<T>(
  start: () => Eventually<T>,
  done: (value: T) => void,
  failed: (reason: unknown) => void,
): Eventually<void> {
  try {
    const value = start()
    if (value instanceof Promise) return value.then(done).catch(failed)
    done(value)
  } catch (reason) {
    failed(reason)
  }
}

/** `start`, then `next` with its value: in this call where both are known already. */
export function chain<T, U>(start: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return start instanceof Promise ? start.then(next) : next(start)
}
