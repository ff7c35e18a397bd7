import type { Batch } from '../../core/batch.ts'
import type { Kept } from '../../core/kept.ts'
import type { Transport } from '../../core/transport.ts'
import type { Gauge } from './gauge.ts'
import { closeSocket } from './sockets.ts'

/** What is kept of a socket, and what its peer says of itself. */
export type SocketKeeper = Pick<Transport, 'seen' | 'heard' | 'heardAt'> & Required<Pick<Transport, 'keep' | 'forget'>>

/**
 * A socket that an object accepted for hibernation. The runtime answers pings by itself, takes whatever it is given, and says nothing of
 * how much of it is still waiting: `gauge` stands for that.
 */
export class WorkerTransport implements Transport {
  readonly #socket: WebSocket
  readonly #joined: boolean
  readonly #gauge: Gauge
  readonly keep: (kept: Kept) => void
  readonly forget: () => void
  readonly seen?: (upTo: number) => void
  readonly heard?: () => void
  readonly heardAt?: () => number

  /** `joined`: the peer agreed to frames of several messages. */
  constructor(socket: WebSocket, joined: boolean, gauge: Gauge, { keep, forget, seen, heard, heardAt }: SocketKeeper) {
    this.#socket = socket
    this.#joined = joined
    this.#gauge = gauge
    this.keep = keep
    this.forget = forget
    if (seen) this.seen = seen
    if (heard) this.heard = heard
    if (heardAt) this.heardAt = heardAt
  }

  send(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#socket.send(text)
    this.#gauge.spend(text.length)
  }

  sendBatch(batch: Batch): void {
    if (this.#joined) return this.send(batch.joined)
    for (const text of batch.texts) this.send(text)
  }

  buffered(): number {
    return this.#gauge.excess()
  }

  whenDrained(task: () => void): void {
    this.#gauge.whenDrained(task)
  }

  close(code: number, reason: string): void {
    closeSocket(this.#socket, code, reason)
  }

  terminate(): void {
    closeSocket(this.#socket, 1011)
  }
}
