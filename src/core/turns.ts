import type { EventLoop } from './clock.ts'

/** Counts the turns of the event loop in which the hub wrote something, and runs what was put off to a turn's end. */
export class Turns {
  readonly #loop: EventLoop
  readonly #failed: (reason: unknown) => void
  #now = 0
  #armed = false
  #tasks: (() => void)[] = []
  #last: (() => void)[] = []

  /** `failed`: told of what a task throws; the others run all the same. */
  constructor(loop: EventLoop, failed: (reason: unknown) => void) {
    this.#loop = loop
    this.#failed = failed
  }

  /** The number of this turn: the same for every call until its end. */
  current(): number {
    this.#arm()
    return this.#now
  }

  /** Runs `task` once, at the end of this turn. */
  atEnd(task: () => void): void {
    this.#tasks.push(task)
    this.#arm()
  }

  /** Runs `task` once, after all that is done at the end of this turn. */
  afterEnd(task: () => void): void {
    this.#last.push(task)
    this.#arm()
  }

  /** Runs `task` once, in the next turn, after what else the event loop had to do. */
  next(task: () => void): void {
    if (this.#loop.nextTurn) this.#loop.nextTurn(task)
    else this.atEnd(() => this.#loop.endOfTurn(task))
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#loop.endOfTurn(() => this.#end())
  }

  #end(): void {
    this.#armed = false
    const tasks = this.#tasks
    this.#tasks = []
    this.#run(tasks)
    const last = this.#last
    this.#last = []
    this.#run(last)
    this.#now++
  }

  #run(tasks: readonly (() => void)[]): void {
    for (const task of tasks) {
      try {
        task()
      } catch (reason) {
        this.#failed(reason)
      }
    }
  }
}
