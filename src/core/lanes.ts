import { type Eventually, isLater } from './eventually.ts'

type Task = () => Eventually<void>

/** Tasks in order per key, keys beside each other. A task that is done at once costs nothing; tasks must not throw or reject. */
export class Lanes {
  /** What waits behind a task that is not done, by key. Most connections never need it. */
  #busy: Map<string, Task[]> | undefined
  /** The key of the task that is being started in this very call, where nothing waits behind it. */
  #starting: string | undefined

  run(key: string, task: Task): void {
    // From within a task: from now on something may wait behind it.
    if (this.#starting !== undefined) this.#queueOf(this.#starting)
    const queue = this.#busy?.get(key)
    if (queue) return void queue.push(task)
    const outer = this.#starting
    this.#starting = key
    const done = task()
    this.#starting = outer
    if (isLater(done)) this.#goOnAfter(done, key, this.#queueOf(key))
    else if (this.#busy?.has(key)) this.#goOn(key, this.#queueOf(key))
  }

  /** Forgets what has not begun. */
  close(): void {
    for (const queue of this.#busy?.values() ?? []) queue.length = 0
  }

  #goOn(key: string, queue: Task[]): void {
    for (let task = queue.shift(); task; task = queue.shift()) {
      const done = task()
      if (isLater(done)) return this.#goOnAfter(done, key, queue)
    }
    this.#busy?.delete(key)
    if (this.#busy?.size === 0) this.#busy = undefined
  }

  #goOnAfter(done: PromiseLike<void>, key: string, queue: Task[]): void {
    void done.then(() => this.#goOn(key, queue))
  }

  #queueOf(key: string): Task[] {
    this.#busy ??= new Map()
    const queue = this.#busy.get(key) ?? []
    this.#busy.set(key, queue)
    return queue
  }
}
