import type { EventLoop } from '../core/clock.ts'
import { RequestError } from '../core/errors.ts'
import type { SqlStore } from './sql-store.ts'

/** One request of a group, from its work to its answer. */
interface Request {
  /** Works within the transaction. Throws where the whole group must fail. */
  work(): void
  /** Tells the outcome, once it is committed. */
  settle(): void
  fail(reason: unknown): void
}

export interface GroupCommitDeps {
  readonly store: SqlStore
  readonly loop: EventLoop
  /** Hears how every group went, before its requests do. Answers what they fail with. */
  readonly committed: () => void
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
    const { promise, resolve, reject } = Promise.withResolvers<T>()
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
    return promise
  }

  /** Ends the group that is there. */
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
    this.#deps.committed()
    for (const request of group) request.settle()
  }
}
