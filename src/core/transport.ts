import type { Batch } from './batch.ts'
import type { Kept } from './kept.ts'

/**
 * One peer's socket, as a runtime offers it to the core. Text only: the server sends nothing else.
 * Frames leave in the order of the calls, whichever call it was.
 */
export interface Transport {
  /** Hands one text frame over. Throws where the socket can't take it; the caller then ends the connection. */
  send(text: string): void
  /** Hands a batch over: one frame for all where `parlor.v1.batch` was agreed to, else one each. Throws as `send` does. */
  sendBatch(batch: Batch): void
  /** Between the two, what is handed over is kept together and then leaves in one write. Absent where a runtime can't. Never throw. */
  cork?(): void
  uncork?(): void
  /** Bytes handed over that have not left the process yet. */
  buffered(): number
  /** Calls `task` once, soon after `buffered()` has come down; never in this very call. A socket that closes first need not call. */
  whenDrained(task: () => void): void
  /** Sends a WebSocket ping. Absent where the runtime pings by itself and drops dead peers. */
  ping?(): void
  /** The peer says that it has read everything up to a place that it was asked about. Absent where the runtime sees what waits. */
  seen?(upTo: number): void
  /** A frame has come from the peer. Absent where that need not outlive the server's memory. */
  heard?(): void
  /** When the peer was last heard by the runtime itself, in ms since 1970. Absent where every sign of life comes through the server. */
  heardAt?(): number
  /** Stops and starts reading from the peer. What had been read already may still arrive. Absent where a runtime can't. */
  pause?(): void
  resume?(): void
  /** Keeps what the connection is with its socket, which may outlive the server's memory. Absent where it does not. */
  keep?(kept: Kept): void
  /** The connection has ended: what was kept of it is of no use any more. Absent where nothing is kept. */
  forget?(): void
  /** Starts the closing handshake after what was sent. Never throws; harmless on a closed socket. */
  close(code: number, reason: string): void
  /** Drops the socket now, without a handshake. Never throws. */
  terminate(): void
}
