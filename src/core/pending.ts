import type { Eventually } from './eventually.ts'
import type { Inbox } from './inbox.ts'
import type { Lanes } from './lanes.ts'

/** How far a request is; `counted`: it is not done, and costs so much of what may be under way. */
type Progress = { readonly kind: 'begun' | 'done' } | { readonly kind: 'counted'; readonly cost: number }

const BEGUN: Progress = { kind: 'begun' }
const DONE: Progress = { kind: 'done' }

/** Runs the request that the inbox is handling in order with the others of its lane. It is pending until it is done; it must not fail. */
export function runPending(inbox: Inbox, lanes: Lanes, lane: string, request: () => Eventually<void>): void {
  const progress: { state: Progress } = { state: BEGUN }
  const finish = (): void => {
    const { state } = progress
    progress.state = DONE
    if (state.kind === 'counted') inbox.end(state.cost)
  }
  lanes.run(lane, () => {
    const work = request()
    return work === undefined ? finish() : work.then(finish)
  })
  if (progress.state.kind === 'begun') progress.state = { kind: 'counted', cost: inbox.begin() }
}
