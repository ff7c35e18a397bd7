import type { BroadcastAdapter, HistoryPage } from './broadcast-adapter.ts'
import { chain, type Eventually } from './eventually.ts'
import type { Feed } from './feed.ts'
import type { LogCopy, Origin } from './log-copy.ts'
import type { StreamPosition } from './protocol.ts'

/** Where a member asks to begin: after a position that it holds, else before the newest `history` publications. */
export interface StartRequest {
  readonly since?: StreamPosition
  readonly history?: number
}

export interface Start {
  /** The log that `position` belongs to. */
  readonly origin: Origin
  /** Just before the first publication that follows. */
  readonly position: StreamPosition
  /** The position that was asked for is of this log, by its id, and everything after it was there. */
  readonly recovered: boolean
}

/** Finds out where a member begins. Fails where only the adapter could tell and can't be read. */
export function findStart(
  room: string,
  feed: Feed,
  adapter: BroadcastAdapter,
  { since, history = 0 }: StartRequest,
): Eventually<Start> {
  const newest = (): Eventually<Start> => beforeNewest(room, feed, adapter, history)
  const find = (): Eventually<Start> => {
    if (!since) return newest()
    return chain(resume(room, feed, adapter, since), (start) => start ?? newest())
  }
  return chain(feed.isDoubtful ? feed.check() : undefined, find)
}

/** How often the log may come into doubt under a question about it before the answer is no. */
const LOOKS = 3

function resume(
  room: string,
  feed: Feed,
  adapter: BroadcastAdapter,
  since: StreamPosition,
  looks: number = LOOKS,
): Eventually<Start | undefined> {
  const look = (): Eventually<Start | undefined> => {
    const known = judge(feed.copy, since)
    if (known === 'here') return { origin: feed.copy.origin, position: since, recovered: true }
    return known === 'older' && looks > 0 ? resumeOlder(room, feed, adapter, since, looks) : undefined
  }
  if (judge(feed.copy, since) !== 'unknown') return look()
  // It may be of a log that the hub has not heard of yet.
  return chain(feed.check(), look)
}

/** What the hub's copy of the log says of a position. */
function judge({ epoch, log }: LogCopy, since: StreamPosition): 'here' | 'older' | 'unknown' {
  if (since.epoch !== epoch || since.offset > log.head.offset) return 'unknown'
  const known = log.markAt(since.offset)
  if (!known || (known.id === undefined && known.offset > 0)) return 'older'
  return known.id === since.id ? 'here' : 'unknown'
}

/** The hub's copy does not reach back that far: the adapter's log decides. */
function resumeOlder(
  room: string,
  feed: Feed,
  adapter: BroadcastAdapter,
  since: StreamPosition,
  looks: number,
): Eventually<Start | undefined> {
  const { origin } = feed.copy
  const { offset } = feed.copy.head
  return chain(adapter.history(room, since, 1), ({ intact, head }: HistoryPage) => {
    const isOther = head.epoch !== since.epoch || head.offset < offset || !isStill(feed, origin)
    if (intact && !isOther) return { origin, position: since, recovered: true }
    return isOther ? chain(feed.check(), () => resume(room, feed, adapter, since, looks - 1)) : undefined
  })
}

function beforeNewest(
  room: string,
  feed: Feed,
  adapter: BroadcastAdapter,
  count: number,
  isChecked = false,
): Eventually<Start> {
  const { origin, head, log } = feed.copy
  const offset = Math.max(0, head.offset - count)
  const known = log.markAt(offset)
  if (known) return { origin, position: { epoch: head.epoch, ...known }, recovered: false }
  return chain(adapter.history(room, { epoch: head.epoch, offset }, 1), (page): Eventually<Start> => {
    const { start } = page
    if (isStill(feed, origin) && start.epoch === head.epoch && page.head.offset >= head.offset) {
      return { origin, position: start.offset <= head.offset ? start : head, recovered: false }
    }
    if (isChecked) return { origin: feed.copy.origin, position: feed.copy.head, recovered: false }
    return chain(feed.check(), () => beforeNewest(room, feed, adapter, count, true))
  })
}

/** Whether the copy is the one that the question was asked about, and nothing has called it into question since. */
const isStill = (feed: Feed, origin: Origin): boolean => feed.copy.origin === origin && !feed.isDoubtful
