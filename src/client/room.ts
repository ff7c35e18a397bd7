import type { Json, StreamPosition } from '../core/protocol.ts'
import type { ParlorError } from './errors.ts'
import type { Message, Missed, Page } from './messages.ts'

export interface JoinOptions {
  /** Every message of the room, in order and once. */
  readonly onMessage: (message: Message) => void
  /** Some can't be had any more. There is no default: a stream that is thought whole and is not shows later, elsewhere. */
  readonly onMissed: ((missed: Missed) => void) | 'ignore'
  /** How many of the newest messages come first: 0 to 1000. */
  readonly history?: number | undefined
  /** Goes on after a position that was kept, in place of `history` where that can be. */
  readonly since?: StreamPosition | undefined
  /** The room can't be joined, or not any more. */
  readonly onFailed?: ((error: ParlorError) => void) | undefined
}

/** `joining`: asked for, or waiting for a connection; `trouble` is why the last try failed. `left`: by `leave` or `close`. */
export type RoomState =
  | { readonly kind: 'joining'; readonly trouble?: ParlorError }
  | { readonly kind: 'joined' }
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly error: ParlorError }

export interface PublishOptions {
  /** A name for this message, 1 to 64 characters, unique for this user: it comes back as `clientId`. Else one is made. */
  readonly id?: string | undefined
}

/** For who is there now: not in the log, and not sent again. */
export interface Transient {
  readonly transient: true
}

export interface Published {
  readonly id: string
  readonly position: StreamPosition
  /** It was in the log already, since it was sent before. */
  readonly duplicate: boolean
}

/** One membership in a room. `state`, and `subscribe` to hear of its changes. */
export interface Room {
  readonly name: string
  readonly state: RoomState
  readonly subscribe: (listener: (state: RoomState) => void) => () => void
  /** The last place in the log that was reached: known once joined, and worth keeping for `since`. */
  readonly position: StreamPosition | undefined
  /** Kept until the room's log has it, and sent again under the same id where that is uncertain. */
  publish(content: string, options?: PublishOptions): Promise<Published>
  publish(content: string, options: Transient): Promise<undefined>
  event(name: string, data: Json, options?: PublishOptions): Promise<Published>
  event(name: string, data: Json, options: Transient): Promise<undefined>
  /** Messages after a position, before one, or, without either, the newest: 1 to 1000 of them, 100 unless said. */
  history(request?: HistoryOptions): Promise<Page>
  /** Settles when the room is joined, or can't be. */
  ready(): Promise<void>
  leave(): void
}

export type HistoryOptions = { readonly limit?: number | undefined } & (
  | { readonly before?: StreamPosition | undefined; readonly after?: undefined }
  | { readonly after?: StreamPosition | undefined; readonly before?: undefined }
)
