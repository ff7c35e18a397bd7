import type { Turns } from './turns.ts'

/** Bytes that all members together may catch up by within one turn of the event loop, so that the others need not wait long. */
export const CATCH_UP_BYTES = 2 * 1024 * 1024

/** Shares what a turn may spend on catching up among the sockets that do: who finds it spent goes on in the next turn. */
export class Pace {
  readonly #turns: Turns
  #turn = -1
  #spent = 0
  #waiting: (() => void)[] = []

  constructor(turns: Turns) {
    this.#turns = turns
  }

  get isSpent(): boolean {
    this.#look()
    return this.#spent >= CATCH_UP_BYTES
  }

  spend(bytes: number): void {
    this.#look()
    this.#spent += bytes
  }

  /** Calls `task` in the next turn, after those that have waited for longer. */
  next(task: () => void): void {
    if (this.#waiting.push(task) > 1) return
    this.#turns.next(() => {
      for (const waiting of this.#waiting.splice(0)) waiting()
    })
  }

  #look(): void {
    const turn = this.#turns.current()
    if (turn === this.#turn) return
    this.#turn = turn
    this.#spent = 0
  }
}
