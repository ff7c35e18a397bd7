import { setTimeout } from 'node:timers'
import type { Batch } from '../../core/batch.ts'
import { HIGH_WATER_MARK } from '../../core/outbox.ts'
import type { Transport } from '../../core/transport.ts'

/** ms between two looks at a socket that is full: Deno has no event for it. */
const LOOK = 10

/**
 * ms between the last message and the close frame. Deno reads no more once it closes, and input that is left unread
 * makes the kernel reset the connection, so that the peer would never see the code.
 */
const LINGER = 20

/**
 * Deno's server socket. Deno can't stop reading from it, and pings by itself.
 */
export class DenoTransport implements Transport {
  readonly #socket: WebSocket
  readonly #joined: boolean
  readonly #full: FullSockets

  constructor(socket: WebSocket, joined: boolean, full: FullSockets) {
    this.#socket = socket
    this.#joined = joined
    this.#full = full
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.CLOSING) return
    this.#socket.send(text)
  }

  sendBatch(batch: Batch): void {
    if (this.#joined) return this.send(batch.joined)
    for (const text of batch.texts) this.send(text)
  }

  buffered(): number {
    return this.#socket.bufferedAmount
  }

  whenDrained(task: () => void): void {
    this.#full.add(this.#socket, task)
  }

  close(code: number, reason: string): void {
    setTimeout(() => {
      if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason)
    }, LINGER)
  }

  terminate(): void {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close()
  }
}

/** The sockets that are full, looked at by one timer that runs only while there are some. */
export class FullSockets {
  readonly #tasks = new Map<WebSocket, () => void>()
  #timer: ReturnType<typeof setTimeout> | undefined

  add(socket: WebSocket, task: () => void): void {
    this.#tasks.set(socket, task)
    this.#timer ??= setTimeout(() => this.#look(), LOOK)
  }

  #look(): void {
    this.#timer = undefined
    for (const [socket, task] of this.#tasks) {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > HIGH_WATER_MARK / 2) continue
      this.#tasks.delete(socket)
      task()
    }
    if (this.#tasks.size > 0) this.#timer ??= setTimeout(() => this.#look(), LOOK)
  }
}
