import type { StreamPosition } from '../core/protocol.ts'
import type { LoggedFrame, PublicationFrame } from './frames.ts'

/** A publication of a room, as the protocol has it. `position` is where it stands in the room's log. */
export type LoggedMessage = LoggedFrame & { readonly position: StreamPosition }

/** A publication of a room. A transient one, which `transient` tells, stands nowhere: it has no `position` and no `offset`. */
export type Message = LoggedMessage | (Exclude<PublicationFrame, LoggedFrame> & { readonly position?: undefined })

/**
 * The messages that were delivered are not all there were. What to do: fill in with `room.history`, or load anew what is derived from them.
 * `gap`: the offsets `from` to `to` are lost. `reset`: the log is another one, the stream goes on after `position`.
 * `not_recovered`: the connection was lost, and what came after `since` can't be had any more; the stream goes on after `position`.
 */
export type Missed =
  | { readonly kind: 'gap'; readonly from: number; readonly to: number; readonly missed: number }
  | { readonly kind: 'reset'; readonly position: StreamPosition; readonly reason: string }
  | { readonly kind: 'not_recovered'; readonly since: StreamPosition; readonly position: StreamPosition }

/** A page of a room's log, the oldest first. */
export interface Page {
  readonly messages: readonly LoggedMessage[]
  /** Just before the first message. */
  readonly position: StreamPosition
  /** The position that was asked for is of this log, and nothing between it and the page is missing. */
  readonly intact: boolean
  /** There are more where this page was cut. */
  readonly more: boolean
}

export const messageOf = (frame: LoggedFrame, epoch: string): LoggedMessage => ({
  ...frame,
  position: { epoch, offset: frame.offset, id: frame.id },
})
