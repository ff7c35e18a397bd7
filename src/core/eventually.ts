/**
 * A value now or later. Ports answer with it, so that an engine in the same process costs no promise and no extra turn,
 * while a remote one may take its time. An application's own thenables count as promises.
 */
export type Eventually<T> = T | PromiseLike<T>

/** Whether there is something to wait for. */
export function isLater<T>(value: Eventually<T>): value is PromiseLike<T> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return 'then' in value && typeof value.then === 'function'
}

/**
 * Calls `done` with the value, or `failed` with the reason: in this call where it is known already, else later.
 * What `done` throws goes to `failed` too. Answers a promise only where there was something to wait for.
 */
export function settle<T>(
  start: () => Eventually<T>,
  done: (value: T) => void,
  failed: (reason: unknown) => void,
): Promise<void> | undefined {
  try {
    const value = start()
    if (isLater(value)) return Promise.resolve(value).then(done).catch(failed)
    done(value)
  } catch (reason) {
    failed(reason)
  }
  return undefined
}

/** `start`, then `next` with its value: in this call where both are known already. */
export function chain<T, U>(start: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return isLater(start) ? Promise.resolve(start).then(next) : next(start)
}

/** `start`; what it fails with, now or later, is put into other words. */
export function attempt<T>(start: () => Eventually<T>, inWords: (reason: unknown) => Error): Eventually<T> {
  try {
    const value = start()
    if (!isLater(value)) return value
    return Promise.resolve(value).catch((reason: unknown) => {
      throw inWords(reason)
    })
  } catch (reason) {
    throw inWords(reason)
  }
}
