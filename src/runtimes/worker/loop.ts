import type { EventLoop } from '../../core/clock.ts'

/**
 * The event loop of an object. What an event brings is handled to its end in the same block as the event: nothing that was begun waits in
 * memory, which may be gone by the next event, but for what has a timer. That keeps an object from hibernating, so only what is under way
 * may have one.
 */
export const eventLoop: EventLoop = {
  endOfTurn: (task) => queueMicrotask(task),
  nextTurn: (task) => {
    setTimeout(task, 0)
  },
  after: (ms, task) => {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}
