import type { EventLoop } from '../core/clock.ts'
import { RequestError } from '../core/errors.ts'
import type { SqlStore } from './sql-store.ts'

/** One request of a group, from its work to its answer. */
interface Request {
  /** Works within the transaction. Throws where the whole group must fail. */
  work(): void
  /** Tells the outcome, once it is committed. */
  settle(): void
  fail(reason: Error): void
}

export interface GroupCommitDeps {
  readonly store: SqlStore
  readonly loop: EventLoop
  /** A group is committed, and all of its effects have been. Its answers have not been heard yet. */
  readonly committed: () => void
  /** A group failed. Answers what its requests fail with. */
  readonly failed: (reason: unknown) => Error
}

/** Requests of one turn of the event loop in one transaction, which is one write to the disk: answered when it is there, or all failed. */
export class GroupCommit {
  readonly #deps: GroupCommitDeps
  #group: Request[] = []

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps
  }

  get isEmpty(): boolean {
    return this.#group.length === 0
  }

  /**
   * Does `work` in this turn's transaction, after what was added before, and `effect` with its result once that is committed. A RequestError
   * of `work`, which must not have written anything then, fails this request alone; anything else fails the group.
   */
  add<T>(work: () => T, effect: (result: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let settle = (): void => {}
      this.#group.push({
        work: () => {
          try {
            const result = work()
            settle = () => {
              effect(result)
              resolve(result)
            }
          } catch (reason) {
            if (!(reason instanceof RequestError)) throw reason
            settle = () => reject(reason)
          }
        },
        settle: () => settle(),
        fail: reject,
      })
      if (this.#group.length === 1) this.#deps.loop.endOfTurn(() => this.commit())
    })
  }

  /** Ends the group that there is. */
  commit(): void {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    try {
      this.#deps.store.transaction(() => {
        for (const request of group) request.work()
      })
    } catch (reason) {
      const error = this.#deps.failed(reason)
      for (const request of group) request.fail(error)
      return
    }
    for (const request of group) request.settle()
    this.#deps.committed()
  }
}
