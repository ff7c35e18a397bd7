import type { ClientFrame, ServerFrame } from '../../../src/core/protocol.ts'
import { type Branch, holds, type Logs } from './logs.ts'
import { Stream } from './stream.ts'
import type { Complain } from './violation.ts'

type Asked = Extract<ClientFrame, { type: 'history' }>
type Page = Extract<ServerFrame, { type: 'history' }>

/** A page of history, as it answers a request that the hub heard at `heard`. */
export function checkPage(logs: Logs, asked: Asked, heard: number, page: Page, complain: Complain): void {
  const { room, position, publications } = page
  const stream = new Stream(logs, room, position, complain)
  for (const frame of publications) {
    const content = frame.type === 'chat' ? frame.content : JSON.stringify([frame.name, frame.data])
    if (frame.offset === undefined) complain('history', `a transient message in a page of ${room}`)
    stream.publication({ ...frame, content }, complain)
  }
  if (publications.length > (asked.limit ?? 1000)) complain('history', `${publications.length} publications in a page`)
  checkEnds(logs, asked, page, complain)
  const current = logs.current(room)
  // A page that was read while the log changed may be of either.
  if (current && current.began < heard && current.epoch === position.epoch)
    checkExtent(logs, asked, page, current, complain)
}

/** An intact page lies where it was asked for. */
function checkEnds(logs: Logs, { after, before }: Asked, page: Page, complain: Complain): void {
  const { room, position, publications, intact } = page
  const last = publications.at(-1)
  if (after && intact && (after.epoch !== position.epoch || after.offset !== position.offset)) {
    complain('history', `an intact page of ${room} after ${after.offset} begins after ${position.offset}`)
  }
  if (!before || !intact) return
  const end = logs.at(room, before)
  const entry = logs.entry(last?.id)
  if (last && last.offset !== before.offset - 1)
    complain('history', `${last.offset} before ${before.offset} in ${room}`)
  if (end && entry && !holds(end.branch, entry)) complain('history', `a page of ${room} before a place of another log`)
}

/** What the log has is there, and `more` and `intact` say what is not. */
function checkExtent(logs: Logs, asked: Asked, page: Page, current: Branch, complain: Complain): void {
  const { room, position, publications, intact, more } = page
  const { after } = asked
  const last = publications.at(-1)?.offset ?? position.offset
  if (!intact && isWhole(logs, asked, current))
    complain('history', `a page of ${room} that is not intact, though it is`)
  if (after && more && last >= current.head) complain('history', `more of ${room}, but there is none after ${last}`)
  if (!after && intact && !more && current.floor < position.offset) {
    complain('history', `no more of ${room}, but there is some before ${position.offset}`)
  }
}

/** The position that was asked for is of the log that is there, and so is all that a page from it could want. */
function isWhole(logs: Logs, { room, after, before }: Asked, current: Branch): boolean {
  const held = after ?? before
  if (held?.epoch !== current.epoch) return false
  const entry = logs.at(room, held)
  const isKnown = held.offset === 0 || (entry !== undefined && holds(current, entry))
  return isKnown && current.floor < held.offset + (after ? 1 : 0)
}
