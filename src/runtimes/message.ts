import * as v from 'valibot'
import type { Body, Draft } from '../core/broadcast-adapter.ts'
import { isTooDeep, TOO_DEEP } from '../core/codec.ts'
import { RequestError, wordsOf } from '../core/errors.ts'
import { ChatFrame, EventFrame, User } from '../core/protocol.ts'
import { isRoomName } from '../core/room-name.ts'
import { MAX_FRAME } from '../core/settings.ts'
import { exceedsBytes } from '../core/text.ts'

/** A message from the application itself. */
export type Message = Body & {
  /** Whom it is from: `{ id: 'server', name: 'server' }` by default. */
  readonly from?: User | undefined
  /** The key of the dedupe, as a client's `id`. */
  readonly id?: string | undefined
  readonly transient?: boolean | undefined
}

const SERVER: User = { id: 'server', name: 'server' }

/** Fails with `invalid_room` where no room can have this name. */
export function checkRoom(room: string, most: number): void {
  if (typeof room === 'string' && isRoomName(room, most)) return
  throw new RequestError('invalid_room', `A room's name has 1 to ${most} characters and no controls`, 'room')
}

const Frame = v.variant('type', [ChatFrame, EventFrame], "Expected 'chat' or 'event'")

/**
 * The application's message as a draft of its own, which shares no object with it. It is held to what a client's frame is held to, but in
 * size: the limit for clients is not for the server, which is held to the largest that any frame may have. What can't be fails with
 * `invalid_frame` and the path of the field, or with `message_too_large`.
 */
export function draftOf(message: Message): Draft {
  if (typeof message !== 'object' || message === null) throw invalid('message', 'Expected an object with a kind')
  const read = v.safeParse(Frame, { ...copyOf(message), type: message.kind }, { abortEarly: true })
  if (!read.success) {
    const path = v.getDotPath(read.issues[0]) ?? 'message'
    throw invalid(path === 'type' ? 'kind' : path, read.issues[0].message)
  }
  const frame = read.output
  if (frame.type === 'event' && isTooDeep(frame.data)) throw invalid('data', TOO_DEEP)
  const { id, transient } = frame
  return {
    from: userOf(message.from),
    body:
      frame.type === 'chat'
        ? { kind: 'chat', content: frame.content }
        : { kind: 'event', name: frame.name, data: frame.data },
    ...(id === undefined ? {} : { clientId: id }),
    ...(transient === undefined ? {} : { transient }),
  }
}

function userOf(from: User = SERVER): User {
  const read = v.safeParse(User, from)
  if (!read.success) throw invalid('from', 'Expected an id and a name, each a string')
  return read.output
}

/** What JSON makes of the message, where that is no larger than a frame may be. */
function copyOf(message: Message): object {
  try {
    const text = JSON.stringify(message)
    if (exceedsBytes(text, MAX_FRAME)) throw tooLarge()
    return JSON.parse(text)
  } catch (reason) {
    if (reason instanceof RequestError) throw reason
    const why = wordsOf(reason)
    throw invalid('data', `Expected what can be said in JSON: ${why}`)
  }
}

const invalid = (path: string, what: string): RequestError =>
  new RequestError('invalid_frame', `${path}: ${what}`, path)

const tooLarge = (): RequestError =>
  new RequestError('message_too_large', `message: Expected at most ${MAX_FRAME} bytes of JSON`, 'message')
