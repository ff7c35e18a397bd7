import process from 'node:process'
import { setImmediate } from 'node:timers/promises'

/** Runs `work`, and tells of every rejection that nobody handled: in a real process it would be the end. */
export async function watched(work: () => Promise<void>, tell: (reason: unknown) => void): Promise<void> {
  process.on('unhandledRejection', tell)
  try {
    await work()
    // Only when the event loop turns does the platform look for them.
    await setImmediate()
  } finally {
    process.off('unhandledRejection', tell)
  }
}

/** What a reason says, for a trace: no stack, which would differ from one runtime to the next. */
export const inWords = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))
