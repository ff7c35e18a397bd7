import type { ClientFrame, ServerFrame, StreamPosition } from '../../../src/core/protocol.ts'
import type { Chance } from '../chance.ts'
import type { AppEvent } from '../facts.ts'
import type { Read } from '../network/frames.ts'
import type { Socket } from '../network/network.ts'
import type { SocketHandlers } from '../network/wire.ts'
import type { Process } from '../process.ts'
import type { Recorder } from '../recorder.ts'

export type MessageKind = 'chat' | 'event' | 'transient' | 'bare'

/** What a script asks of a client. A client that is not connected keeps what can be kept. */
export interface SimClient {
  join(room: string): void
  leave(room: string): void
  publish(room: string, kind: MessageKind, content: string): void
  history(room: string): void
  ping(): void
  /** The network may have changed: a client that waits may try at once. */
  wake(): void
  /** Goes away for good, as an application that is closed. */
  close(): void
  /** The connection that it counts on now. */
  readonly conn: number | undefined
  /** Rooms that it wants to be in. */
  readonly rooms: readonly string[]
  /** Publishes without an outcome yet. */
  readonly unsettled: readonly string[]
}

/** What a client's handshake says. */
export interface Handshake {
  readonly session: string | undefined
  /** `parlor.v1.batch` is offered. */
  readonly batches: boolean
}

/** What a client of the simulation lives on. */
export interface ClientDeps {
  readonly process: Process
  readonly chance: Chance
  readonly recorder: Recorder
  readonly connect: (handlers: SocketHandlers, handshake: Handshake) => Socket
  readonly read: (text: string) => Read<ServerFrame>
  /** Positions that an earlier life of this client kept. */
  readonly kept: ReadonlyMap<string, StreamPosition>
  /** What the client tells its application. */
  readonly report: (room: string, event: AppEvent) => void
}

export type MakeClient = (deps: ClientDeps) => SimClient

/** A frame that the client's socket gives its `ref`. */
export type Request = Unnumbered<ClientFrame>
type Unnumbered<F> = F extends unknown ? Omit<F, 'ref'> : never
