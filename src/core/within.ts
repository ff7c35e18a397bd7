import type { EventLoop } from './clock.ts'
import { type Eventually, isLater } from './eventually.ts'

/** `value`, or a failure where it has not come within `ms`: with `late()`, where that is given. What comes later is dropped. */
export function within<T>(
  loop: EventLoop,
  ms: number,
  value: Eventually<T>,
  late = (): Error => new Error(`no answer within ${ms} ms`),
): Eventually<T> {
  if (!isLater(value)) return value
  return new Promise((resolve, reject) => {
    const cancel = loop.after(ms, () => reject(late()))
    Promise.resolve(value).then(
      (known) => {
        cancel()
        resolve(known)
      },
      (reason: unknown) => {
        cancel()
        reject(reason)
      },
    )
  })
}
