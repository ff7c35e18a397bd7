import type { ClientFrame, ServerFrame, StreamPosition } from '../../src/core/protocol.ts'

/** What the engine's logs really were. A branch is one history of a log: a fork begins another one under the same epoch. */
export type EngineFact =
  | { readonly what: 'began'; readonly room: string; readonly branch: number; readonly epoch: string }
  | {
      readonly what: 'forked'
      readonly room: string
      readonly branch: number
      readonly parent: number
      /** The last offset that both have. */
      readonly offset: number
      readonly floor: number
    }
  | {
      readonly what: 'appended'
      readonly room: string
      readonly branch: number
      readonly offset: number
      readonly id: string
      readonly user: string
      readonly clientId: string | undefined
      readonly content: string
    }
  /** Nothing up to `floor` can be read any more. */
  | { readonly what: 'trimmed'; readonly room: string; readonly branch: number; readonly floor: number }
  | { readonly what: 'transient'; readonly room: string; readonly id: string; readonly content: string }

/** What happened on one connection. The hub `sent` in the order in which the client `received`, but the end of it may be lost. */
export type SocketFact =
  | {
      readonly what: 'opened'
      readonly conn: number
      readonly client: string
      readonly user: string
      readonly hub: string
      readonly session: string | undefined
    }
  | { readonly what: 'asked'; readonly conn: number; readonly frame: ClientFrame }
  | { readonly what: 'heard'; readonly conn: number; readonly frame: ClientFrame }
  | { readonly what: 'sent'; readonly conn: number; readonly frame: ServerFrame }
  | { readonly what: 'received'; readonly conn: number; readonly frame: ServerFrame }
  /** Text that is no frame of the protocol, from either side. */
  | { readonly what: 'malformed'; readonly conn: number; readonly text: string; readonly why: string }
  /** The hub used the socket after it had closed it. */
  | { readonly what: 'late'; readonly conn: number; readonly text: string }
  /** The hub has let go of the connection: it closed it with `code`, or heard of its end. */
  | { readonly what: 'ended'; readonly conn: number; readonly code: number | undefined }
  | { readonly what: 'gone'; readonly conn: number; readonly code: number }

/** What a client told its application. A `life` is one start of the client's process. */
export type AppFact = { readonly what: 'app'; readonly client: string; readonly room: string } & AppEvent

export type AppEvent =
  | { readonly event: 'joined'; readonly position: StreamPosition; readonly recovered: boolean }
  | {
      readonly event: 'publication'
      readonly offset: number | undefined
      readonly id: string
      readonly content: string
    }
  | { readonly event: 'gap'; readonly from: number; readonly to: number }
  | { readonly event: 'reset'; readonly position: StreamPosition }
  | { readonly event: 'left' }
  /** The application begins anew; `kept`: from the position that it had. */
  | { readonly event: 'restarted'; readonly kept: boolean }
  /** How a publish went. */
  | { readonly event: 'published'; readonly content: string; readonly outcome: Outcome }

export type Outcome = { readonly position: StreamPosition | undefined } | { readonly refused: string }

/** What memory was seen in use. Only where it is more than what was seen of the same thing before. */
export type SampleFact =
  | {
      readonly what: 'held'
      readonly conn: number
      readonly replies: number
      readonly buffered: number
      readonly requests: number
    }
  | { readonly what: 'logged'; readonly hub: string; readonly level: string; readonly message: string }

/** How it ended, after all trouble was over for long. */
export type EndFact =
  | { readonly what: 'calm' }
  | { readonly what: 'head'; readonly room: string; readonly branch: number; readonly position: StreamPosition }
  /** This client should be connected and in these rooms. */
  | {
      readonly what: 'expected'
      readonly client: string
      readonly conn: number | undefined
      readonly rooms: readonly string[]
      /** Publishes that have no outcome yet. */
      readonly unsettled: readonly string[]
    }
  | { readonly what: 'serving'; readonly hub: string; readonly connections: number }
  /** Everybody has left: this is still there. */
  | { readonly what: 'left over'; readonly hub: string; readonly of: string; readonly count: number }

/** For who reads a trace only. */
export type Note = { readonly what: 'note'; readonly text: string }

export type Event = EngineFact | SocketFact | AppFact | SampleFact | EndFact | Note

/** One thing that happened, at a virtual time in ms. */
export type Fact = { readonly at: number } & Event
