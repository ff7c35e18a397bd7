import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import type { EventLoop } from '../core/clock.ts'

/** The event loop of Node, and of Deno and Bun, which offer the same module. */
export const eventLoop: EventLoop = {
  endOfTurn: (task) => {
    setImmediate(task)
  },
  after: (ms, task) => {
    const timer = setTimeout(task, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  stopwatch: () => performance.now(),
}
