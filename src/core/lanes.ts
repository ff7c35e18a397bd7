import { type Eventually, isLater } from './eventually.ts'

/** Tasks in order per key, keys beside each other. A task that is done at once costs nothing; tasks must not throw or reject. */
export class Lanes {
  readonly #busy = new Map<string, (() => Eventually<void>)[]>()

  run(key: string, task: () => Eventually<void>): void {
    const queue = this.#busy.get(key)
    if (queue) queue.push(task)
    else this.#work(key, task, [])
  }

  /** Forgets what has not begun. */
  close(): void {
    for (const queue of this.#busy.values()) queue.length = 0
  }

  #work(key: string, first: () => Eventually<void>, queue: (() => Eventually<void>)[]): void {
    this.#busy.set(key, queue)
    let task: (() => Eventually<void>) | undefined = first
    while (task) {
      const done: Eventually<void> = task()
      if (isLater(done)) {
        void done.then(() => this.#next(key, queue))
        return
      }
      task = queue.shift()
    }
    this.#busy.delete(key)
  }

  #next(key: string, queue: (() => Eventually<void>)[]): void {
    const task = queue.shift()
    if (task) this.#work(key, task, queue)
    else this.#busy.delete(key)
  }
}
