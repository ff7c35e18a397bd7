import type { Draft, HistoryPage, HistoryStart, Publication, Published } from '../core/broadcast-adapter.ts'
import { RequestError } from '../core/errors.ts'
import type { ErrorCode, StreamPosition } from '../core/protocol.ts'

/** What the object of a room does for others. */
export interface RoomPeer {
  /** From the answer on everything after the answered head is announced to the object that asks. */
  subscribe(object: string): Promise<StreamPosition>
  unsubscribe(object: string): Promise<void>
  /** Answers when `object`, where it hears of the room, was told. */
  publish(draft: Draft, object: string): Promise<Answer<Published>>
  history(start: HistoryStart, limit: number): Promise<HistoryPage>
}

/** What an object with members in the rooms of others does for those. */
export interface AudiencePeer {
  /** False: nobody there wants to hear of that room any more. */
  announce(room: string, announced: readonly Announced[]): Promise<boolean>
}

export interface Announced {
  readonly epoch: string
  readonly publication: Publication
}

/** Between objects an error is only a text: refusals go as answers. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly path?: string }

export function answer<T>(work: () => T): Answer<T> {
  try {
    return { ok: true, value: work() }
  } catch (reason) {
    if (!(reason instanceof RequestError)) throw reason
    const { code, message, path } = reason
    return { ok: false, code, message, ...(path === undefined ? {} : { path }) }
  }
}

export function unwrapped<T>(answered: Answer<T>): T {
  if (answered.ok) return answered.value
  throw new RequestError(answered.code, answered.message, answered.path)
}
