import type { ServerWebSocket } from 'bun'
import type { Batch } from '../../core/batch.ts'
import { HIGH_WATER_MARK } from '../../core/outbox.ts'
import type { Transport } from '../../core/transport.ts'
import type { SocketListener, TransportWish } from '../../http/runtime.ts'

/** What Parlor keeps with a socket of Bun's server: whom to call for its events. */
export interface SocketData {
  /** What Hono's own `websocket` looks for: given that in place of ours, it closes the socket and does not fail on it. */
  readonly events: { onOpen(event: Event, context: { close(code: number, reason: string): void }): void }
  opened(socket: ServerWebSocket<SocketData>): void
  /** Nobody, until a transport is made of the socket. */
  listener: SocketListener
  drained: () => void
}

/** A socket of Bun's server. Bun can't stop reading from one. */
export class BunTransport implements Transport {
  readonly #socket: ServerWebSocket<SocketData>
  readonly #joined: boolean

  constructor(socket: ServerWebSocket<SocketData>, { joined, listener }: TransportWish) {
    this.#socket = socket
    this.#joined = joined
    socket.data.listener = listener
  }

  send(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    // 0: dropped. An empty text that was sent counts 0 bytes too.
    if (this.#socket.sendText(text) === 0 && text !== '') throw new Error('the socket is closed')
  }

  sendBatch(batch: Batch): void {
    if (this.#joined) return this.send(batch.joined)
    if (batch.texts.length === 1) return this.send(batch.joined)
    this.#socket.cork(() => {
      for (const text of batch.texts) this.send(text)
    })
  }

  buffered(): number {
    return this.#socket.getBufferedAmount()
  }

  whenDrained(task: () => void): void {
    const low = (): boolean => this.buffered() <= HIGH_WATER_MARK / 2
    const once = (): void => {
      this.#socket.data.drained = () => {}
      task()
    }
    this.#socket.data.drained = () => {
      if (low()) once()
    }
    // What is low already drains no more: nobody would call.
    setImmediate(() => this.#socket.data.drained())
  }

  ping(): void {
    this.#socket.ping()
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }
}
