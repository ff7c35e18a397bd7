import type { Eventually } from './eventually.ts'
import type { Json, StreamPosition, User } from './protocol.ts'

/** What a publication carries. */
export type Body =
  | { readonly kind: 'chat'; readonly content: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: Json }

/** A message on its way to a room's log. */
export interface Draft {
  readonly from: User
  readonly body: Body
  /** The publisher's own id for it: the key of the dedupe, together with `from.id`. */
  readonly clientId?: string
  /** ms since the publisher first sent it, on a resend. */
  readonly age?: number
  /** To who is there now: no offset, not kept. */
  readonly transient?: boolean
}

/** A message as the log has it. Plain data, so that any engine can carry and keep it. */
export interface Publication {
  /** From 1 up, by one each. Absent on a transient one. */
  readonly offset?: number
  /** Made by the log, unique over all logs that ever were. */
  readonly id: string
  readonly from: User
  /** ms since 1970, by the log's clock. */
  readonly time: number
  readonly body: Body
  readonly clientId?: string
}

export interface Published {
  /** Where it stands in the log. Absent for a transient message. */
  readonly position?: StreamPosition
  /** The log held it already, at `position`; nothing was appended. */
  readonly duplicate: boolean
}

/** Where to read from: a position that a client or hub holds. Without an `id` the id at that offset is not compared. */
export type HistoryStart = StreamPosition

export interface HistoryPage {
  /** In order, without holes; the first one's offset is `start.offset + 1`. */
  readonly publications: readonly Publication[]
  /**
   * Just before the first publication: the position asked for, with its id. Where that is not of this log, or the log no longer
   * reaches back that far, the log's floor, with the id of the last publication evicted.
   */
  readonly start: StreamPosition
  /** The newest position of the log, at the moment of reading. */
  readonly head: StreamPosition
  /** The asked position is of this log (same epoch, same id at that offset) and everything after it is still here. */
  readonly intact: boolean
}

export type Deliver = (room: string, epoch: string, publications: readonly Publication[]) => void

/** What an adapter tells its hub. */
export interface AdapterEvents {
  /** Live publications of one subscribed room, in order. An offset that jumps says that something was lost on the way. */
  deliver: Deliver
  /**
   * The engine was away and is back: announcements may have been lost, the logs may be others, and the hub compares every room with
   * its log. Called before anything is answered or delivered over the new connection.
   */
  restored(): void
}

/** How much of a room's log is kept; the first bound that is reached evicts the oldest. */
export interface LogLimits {
  /** Publications. */
  readonly size: number
  /** ms. */
  readonly ttl: number
  /** Bytes of content, roughly. */
  readonly bytes: number
}

/**
 * The engine behind rooms: it owns every room's log (order, dedupe, history) and carries publications between hubs.
 * Calls for one room take effect in the order in which they were made. Whatever fails rejects or throws, and may be tried again;
 * a RequestError is passed on to the client as it is.
 */
export interface BroadcastAdapter {
  /** Called once, before anything else. Publications are delivered for subscribed rooms only, each at most once. */
  start(events: AdapterEvents): Eventually<void>
  /** From the answer on, everything after the answered head is delivered. Subscribing twice is as once. */
  subscribe(room: string): Eventually<StreamPosition>
  /** After the answer nothing of the room is delivered. Harmless where not subscribed. */
  unsubscribe(room: string): Eventually<void>
  /**
   * Dedupes by (room, `from.id`, `clientId`), appends and announces, all or nothing. When it answers, the log holds the message.
   * Fails with `id_reused` (the same id, another body) or `outcome_unknown` (`age` beyond what the dedupe still knows).
   */
  publish(room: string, draft: Draft): Eventually<Published>
  /** At most `limit` publications after `start`, the oldest first. What was announced before the call can be read. */
  history(room: string, start: HistoryStart, limit: number): Eventually<HistoryPage>
  /**
   * The hub has handed everything up to `position` to whoever is caught up in the room, in this very call. Where memory may be lost while
   * sockets live, that is where the room's next `subscribe` begins.
   */
  handedOut?(room: string, position: StreamPosition): void
  /** Sends a canary through the engine and answers when it has come back; fails where delivery does not work. */
  probe(): Eventually<void>
  /** Ends all subscriptions and frees everything. */
  close(): Eventually<void>
}
