import type { EventLoop } from './clock.ts'
import { type FanOut, ONE_BY_ONE } from './fan-out.ts'

type Task = () => void

/** Counts the turns of the event loop in which the hub wrote something, and runs what was put off to a turn's end. */
export class Turns {
  readonly #loop: EventLoop
  readonly #failed: (reason: unknown) => void
  readonly #fanOut: FanOut
  #now = 0
  #armed = false
  #flushes: Task[] = []
  #tasks: Task[] = []
  #together = 0

  /** `failed`: told of what a task throws; the others run all the same. */
  constructor(loop: EventLoop, failed: (reason: unknown) => void, fanOut: FanOut = ONE_BY_ONE) {
    this.#loop = loop
    this.#failed = failed
    this.#fanOut = fanOut
  }

  /** ms that handing out what several rooms had flushed took until now, beside what each flush took. */
  get together(): number {
    return this.#together
  }

  /** The number of this turn: the same for every call until its end. */
  current(): number {
    this.#arm()
    return this.#now
  }

  /** Runs `flush` once, at the end of this turn: a room hands out what came in, and nothing else is done. */
  flushAtEnd(flush: Task): void {
    this.#flushes.push(flush)
    this.#arm()
  }

  /** Runs `task` once, when all that is to be flushed at the end of this turn has been. */
  atEnd(task: Task): void {
    this.#tasks.push(task)
    this.#arm()
  }

  /** Runs `task` once, in the next turn, after what else the event loop had to do. */
  next(task: Task): void {
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
    const flushes = this.#flushes
    this.#flushes = []
    this.#fanOut.beginTurn(flushes.length)
    this.#run(flushes)
    this.#together += this.#fanOut.endTurn()
    const tasks = this.#tasks
    this.#tasks = []
    this.#run(tasks)
    this.#now++
  }

  #run(tasks: readonly Task[]): void {
    for (const task of tasks) {
      try {
        task()
      } catch (reason) {
        this.#failed(reason)
      }
    }
  }
}
