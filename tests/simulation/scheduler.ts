import { nextTick } from 'node:process'
import type { Cancel, Clock } from '../../src/core/clock.ts'

interface Task {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/** The one queue of everything that will happen, and the time that it makes. Between two tasks all promises settle. */
export class Scheduler implements Clock {
  #now = 0
  #order = 0
  readonly #heap: Task[] = []
  #waiting = 0
  /** Hears what a task threw. */
  failed: (reason: unknown) => void = () => {}

  /** Virtual ms since the run began. */
  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now
  }

  /** Tasks that are to come. */
  get waiting(): number {
    return this.#waiting
  }

  after(ms: number, run: () => void): Cancel {
    return this.at(this.#now + ms, run)
  }

  at(time: number, run: () => void): Cancel {
    const task: Task = { at: Math.max(time, this.#now), order: this.#order++, run }
    this.#push(task)
    this.#waiting++
    return () => {
      if (task.run) this.#waiting--
      task.run = undefined
    }
  }

  /** Lets virtual time pass until `until`. */
  async runTo(until: number): Promise<void> {
    await settled()
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      const { run } = next
      if (!run) continue
      this.#now = next.at
      next.run = undefined
      this.#waiting--
      this.#try(run)
      await settled()
    }
    this.#now = Math.max(this.#now, until)
  }

  #try(run: () => void): void {
    try {
      run()
    } catch (reason) {
      this.failed(reason)
    }
  }

  #push(task: Task): void {
    const heap = this.#heap
    let at = heap.push(task) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (!parent || isBefore(parent, task)) break
      heap[at] = parent
      at = above
    }
    heap[at] = task
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = at * 2 + 1
      const [one, other] = [heap[left], heap[left + 1]]
      if (!one) break
      const next = other && isBefore(other, one) ? other : one
      if (isBefore(last, next)) break
      heap[at] = next
      at = next === one ? left : left + 1
    }
    heap[at] = last
  }
}

const isBefore = (one: Task, other: Task): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** All promises that can settle have settled: a tick comes when no microtask is left. Nothing else runs, since there are no real timers. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    queueMicrotask(() => nextTick(resolve))
  })
