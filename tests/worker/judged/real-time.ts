import { Scheduler } from '../../simulation/scheduler.ts'

/** ms between two looks at what is due. */
const STEP = 4

/** The simulation's queue of things to come, in real time. */
export class RealTime {
  readonly scheduler = new Scheduler()
  /** ms since 1970 at the scheduler's 0. */
  readonly began = Date.now()
  #isOver = false
  readonly #running: Promise<void>

  constructor() {
    this.#running = this.#run()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.scheduler.runTo(Date.now() - this.began)
      await new Promise((resolve) => setTimeout(resolve, STEP))
    }
  }
}
