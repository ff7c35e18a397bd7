import type { Batch } from '../../core/batch.ts'
import type { Kept } from '../../core/kept.ts'
import type { Transport } from '../../core/transport.ts'
import { systemClock } from '../../http/platform.ts'
import { eventLoop } from './loop.ts'
import { SendRate } from './rate.ts'

/**
 * A socket that an object accepted for hibernation. The runtime answers pings by itself, takes whatever it is given, and says nothing of
 * how much of it is still waiting.
 */
export class WorkerTransport implements Transport {
  readonly #socket: WebSocket
  readonly #joined: boolean
  readonly #rate = new SendRate(systemClock)
  readonly keep: (kept: Kept) => void

  constructor(socket: WebSocket, joined: boolean, keep: (kept: Kept) => void) {
    this.#socket = socket
    this.#joined = joined
    this.keep = keep
  }

  send(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#rate.spend(text.length)
    this.#socket.send(text)
  }

  sendBatch(batch: Batch): void {
    if (this.#joined) return this.send(batch.joined)
    for (const text of batch.texts) this.send(text)
  }

  buffered(): number {
    return this.#rate.excess()
  }

  whenDrained(task: () => void): void {
    eventLoop.after(this.#rate.wait(), task)
  }

  close(code: number, reason: string): void {
    closeSocket(this.#socket, code, reason)
  }

  terminate(): void {
    closeSocket(this.#socket, 1011)
  }
}

/** Closes it, or answers its peer's close. Harmless on one that is closed. */
export function closeSocket(socket: WebSocket, code: number, reason?: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // It was closed already.
  }
}
