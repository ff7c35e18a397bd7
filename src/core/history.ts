import type { BroadcastAdapter, HistoryPage, Publication } from './broadcast-adapter.ts'
import { type Entry, entryOf } from './entry.ts'
import { chain, type Eventually } from './eventually.ts'
import type { HistoryRequest, StreamPosition } from './protocol.ts'
import { publicationEncoder } from './publication-text.ts'

/** Publications in a page where the request does not say how many. */
const DEFAULT_LIMIT = 100
/** Characters of publications in one reply, about: one of any size is always sent. */
const MAX_LENGTH = 240 * 1024

/** A position of no log: the adapter answers where its log begins and ends. */
const NOWHERE: StreamPosition = { epoch: '', offset: 0 }

/** A part of a room's log: the newest publications up to some position, itself included. */
interface Run {
  readonly entries: readonly Entry[]
  /** Just before the first of them. */
  readonly start: StreamPosition
}

/** A page of a room's log, as its reply says it. */
interface Found {
  readonly entries: readonly Entry[]
  /** Just before the first publication. */
  readonly position: StreamPosition
  /** The position that was asked for is of this log, and nothing between it and the page is missing. */
  readonly intact: boolean
  /** There is more where this page was cut: later for `after`, earlier otherwise. */
  readonly more: boolean
}

/** Reads what a `history` request asks for; answers the reply's text. Fails as the adapter does. */
export function readHistory(adapter: BroadcastAdapter, request: HistoryRequest): Eventually<string> {
  return chain(find(adapter, request), (found) => reply(request, found))
}

function find(
  adapter: BroadcastAdapter,
  { room, after, before, limit = DEFAULT_LIMIT }: HistoryRequest,
): Eventually<Found> {
  if (after) return chain(adapter.history(room, after, limit), (page) => forwards(room, page))
  // One more than asked for says whether there are more, and the one at `before` by its id whether this is its log.
  if (before) return chain(readUpTo(adapter, room, before, limit + 2), (run) => newestBefore(before, run, limit))
  return chain(adapter.history(room, NOWHERE, 0), ({ head }) =>
    chain(readUpTo(adapter, room, head, limit + 1), (run) => newestOf(run, limit)),
  )
}

function forwards(room: string, { publications, start, head, intact }: HistoryPage): Found {
  const all = entriesOf(room, publications)
  const entries = all.slice(0, fitting(all))
  return { entries, position: start, intact, more: (entries.at(-1) ?? start).offset < head.offset }
}

/** The newest publications before `end`, which must be of this log and still in it. It takes no room of theirs in the reply. */
function newestBefore(end: StreamPosition, { entries, start }: Run, limit: number): Found {
  const isOfThisLog = start.epoch === end.epoch && entries.at(-1)?.id === end.id
  const found = newestOf({ entries: entries.slice(0, -1), start }, limit)
  return isOfThisLog ? found : { ...found, entries: [], intact: false, more: false }
}

function newestOf({ entries, start }: Run, limit: number): Found {
  const cut = entries.length - Math.min(limit, fitting([...entries].reverse()))
  const before = entries[cut - 1]
  const position = before ? { epoch: start.epoch, offset: before.offset, id: before.id } : start
  return { entries: entries.slice(cut), position, intact: true, more: cut > 0 }
}

/** The newest `count` publications up to `end`, itself included. */
function readUpTo(adapter: BroadcastAdapter, room: string, end: StreamPosition, count: number): Eventually<Run> {
  const from = { epoch: end.epoch, offset: Math.max(0, end.offset - count) }
  return chain(adapter.history(room, from, end.offset - from.offset), ({ publications, start }) => ({
    entries: entriesOf(room, publications).filter(({ offset }) => offset <= end.offset),
    start,
  }))
}

function entriesOf(room: string, publications: readonly Publication[]): Entry[] {
  const encode = publicationEncoder(room)
  return publications.flatMap((publication) => entryOf(publication, encode) ?? [])
}

/** How many of these go into one reply. */
function fitting(entries: readonly Entry[]): number {
  let length = 0
  let count = 0
  for (const { text } of entries) {
    length += text.length
    if (count > 0 && length > MAX_LENGTH) break
    count++
  }
  return count
}

/** The reply, around publications as their members get them. */
function reply({ room, ref }: HistoryRequest, { entries, position, intact, more }: Found): string {
  const head = JSON.stringify({ type: 'history', ...(ref === undefined ? {} : { ref }), room }).slice(0, -1)
  const tail = JSON.stringify({ position, intact, more }).slice(1)
  return `${head},"publications":[${entries.map(({ text }) => text).join(',')}],${tail}`
}
