import type { EventLoop } from '../core/clock.ts'
import type { StreamPosition } from '../core/protocol.ts'

/** ms that are waited at most: a room that can't be read now does not keep from its publisher that it has what was published. */
const PATIENCE = 2000

interface Waiter {
  readonly position: StreamPosition
  readonly done: () => void
}

interface Followed {
  position: StreamPosition
  waiting: Waiter[]
}

/** Up to where a hub has handed out the rooms of other objects, as far as this memory reaches, and who waits for more of that. */
export class HandedOut {
  readonly #loop: EventLoop
  readonly #rooms = new Map<string, Followed>()

  constructor(loop: EventLoop) {
    this.#loop = loop
  }

  note(room: string, position: StreamPosition): void {
    const followed = this.#rooms.get(room) ?? { position, waiting: [] }
    this.#rooms.set(room, followed)
    followed.position = position
    const { waiting } = followed
    if (waiting.length === 0) return
    followed.waiting = waiting.filter((waiter) => !isPast(position, waiter.position))
    for (const waiter of waiting) if (isPast(position, waiter.position)) waiter.done()
  }

  /** The room is followed no more. */
  forget(room: string): void {
    const { waiting = [] } = this.#rooms.get(room) ?? {}
    this.#rooms.delete(room)
    for (const { done } of waiting) done()
  }

  /** Settles when the hub has handed out `position`, or will not any more, or not soon; undefined: there is nothing to wait for. */
  reached(room: string, position: StreamPosition): Promise<void> | undefined {
    const followed = this.#rooms.get(room)
    if (!followed || isPast(followed.position, position)) return undefined
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        resolve()
      }
      const cancel = this.#loop.after(PATIENCE, () => {
        followed.waiting = followed.waiting.filter((waiter) => waiter.done !== done)
        resolve()
      })
      followed.waiting.push({ position, done })
    })
  }
}

/** Also where one of them is of another log: neither tells of the other. */
const isPast = (position: StreamPosition, other: StreamPosition): boolean =>
  position.epoch !== other.epoch || position.offset >= other.offset
