import { Worker } from 'node:worker_threads'
import { CONTROL, createShare, JOB, PORTION, type Share } from './share.ts'
import { WRITER_CODE, type WriterData } from './writer-thread.ts'

/** After it comes the first again. */
const LAST_ROUND = 0x3fffffff

/** Who else writes to sockets. */
export interface Writers {
  readonly share: Share
  /**
   * The first `count` jobs of the share are done, once each, by whoever is free. `here` does those from `first` to before `end` on this thread;
   * it must not throw. Of the others their `taken` tells what came of them. Answers the ms that other threads worked.
   */
  run(count: number, here: (first: number, end: number) => void): number
  /** They end. Harmless once more. */
  stop(): void
}

/** Threads that help the main thread to write to sockets, which the main thread waits for: no socket can change meanwhile. */
export class WriterThreads implements Writers {
  readonly share: Share = createShare()
  #round = 0

  /** `failed`: told of each thread that can't run, or no longer. The main thread writes what it would have written. */
  constructor(count: number, failed: (reason: unknown) => void, code: string = WRITER_CODE) {
    const workerData: WriterData = { share: this.share, CONTROL, JOB, PORTION }
    for (let i = 0; i < count; i++) {
      try {
        const worker = new Worker(code, { eval: true, workerData, name: 'parlor writer', execArgv: [], env: {} })
        worker.unref()
        worker.on('error', failed)
      } catch (reason) {
        failed(reason)
      }
    }
  }

  run(count: number, here: (first: number, end: number) => void): number {
    const { control } = this.share
    Atomics.store(control, CONTROL.done, 0)
    Atomics.store(control, CONTROL.spent, 0)
    // Only from here on are there jobs to take on: a thread that comes late from an earlier round finds these, and nothing else.
    Atomics.store(control, CONTROL.left, count)
    this.#round = (this.#round + 1) & LAST_ROUND
    Atomics.store(control, CONTROL.round, this.#round)
    Atomics.notify(control, CONTROL.round)
    let others = count
    let left = Atomics.sub(control, CONTROL.left, PORTION)
    while (left > 0) {
      const first = Math.max(0, left - PORTION)
      here(first, left)
      others -= left - first
      left = Atomics.sub(control, CONTROL.left, PORTION)
    }
    let done = Atomics.load(control, CONTROL.done)
    while (done < others) {
      Atomics.wait(control, CONTROL.done, done)
      done = Atomics.load(control, CONTROL.done)
    }
    return Atomics.load(control, CONTROL.spent) / 1000
  }

  stop(): void {
    const { control } = this.share
    Atomics.store(control, CONTROL.round, -1)
    Atomics.notify(control, CONTROL.round)
  }
}
