import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Context } from 'hono'
import type { WebSocket } from 'ws'
import type { Batch } from '../../core/batch.ts'
import type { Transport } from '../../core/transport.ts'
import type { TransportWish } from '../../http/runtime.ts'
import { type DirectWrites, findDirectWrites, type InFlight, type TcpHandle } from './direct-writes.ts'
import { asciiFrameOf, BatchFrames, frameOf } from './frames.ts'
import { listen } from './listening.ts'

const shared = new BatchFrames()
const directWrites = findDirectWrites()

/**
 * A socket of the `ws` package. Messages are framed here and written to the TCP socket as they are, so that one buffer can serve
 * many sockets; `ws` reads, and writes the control frames. That is safe as long as compression is off: `ws` then writes
 * each of its frames at once and whole.
 */
export class NodeTransport implements Transport, InFlight {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #direct: DirectWrites | undefined
  readonly #handle: TcpHandle | undefined
  /** Bytes written past the stream that the kernel has not taken yet. */
  #inFlight = 0
  #corked = false
  readonly #joined: boolean

  /** `direct`: how to write past the stream; undefined: not at all. */
  constructor(ws: WebSocket, socket: Socket, { joined, listener }: TransportWish, direct: DirectWrites | undefined) {
    this.#ws = ws
    this.#socket = socket
    this.#direct = direct
    this.#handle = direct?.handleOf(socket)
    this.#joined = joined
    listen(ws, listener)
  }

  send(text: string): void {
    this.#write((this.#handle && asciiFrameOf(text)) ?? frameOf(text))
  }

  sendBatch(batch: Batch): void {
    this.#write(this.#joined ? shared.joined(batch) : shared.single(batch))
  }

  cork(): void {
    this.#corked = true
    this.#socket.cork()
  }

  uncork(): void {
    this.#corked = false
    this.#socket.uncork()
  }

  buffered(): number {
    return this.#socket.writableLength + this.#inFlight
  }

  whenDrained(task: () => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    // A socket that failed calls back too, again and again: its close is what counts then.
    this.#socket.write('', (error) => {
      if (!error) task()
    })
  }

  ping(): void {
    this.#ws.ping()
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
    // A paused socket would never read the peer's answer.
    this.#ws.resume()
  }

  terminate(): void {
    this.#ws.terminate()
  }

  landed(status: number): void {
    this.#inFlight = 0
    if (status !== 0) this.#socket.destroy()
  }

  /** A string: a character a byte. */
  #write(frames: Buffer | string): void {
    // Between the peer's close frame and the end of the socket nothing may be sent, and nobody would read it.
    if (this.#ws.readyState === this.#ws.CLOSING) return
    if (!this.#socket.writable) throw new Error('the socket is closed')
    if (this.#handle && this.#direct && !this.#corked && this.buffered() === 0)
      this.#inFlight = this.#direct.write(this.#handle, frames, this)
    else if (typeof frames === 'string') this.#socket.write(frames, 'latin1')
    else this.#socket.write(frames)
  }
}

export function nodeTransport(raw: unknown, c: Context, wish: TransportWish): Transport {
  const socket = incomingOf(c.env)?.socket
  if (!isSocket(raw) || !socket) throw new TypeError('not a socket of the ws package on a Node server')
  return new NodeTransport(raw, socket, wish, directWrites)
}

/** By what it can do: an application may bring another copy of `ws`. */
const isSocket = (raw: unknown): raw is WebSocket =>
  typeof raw === 'object' &&
  raw !== null &&
  ['ping', 'pause', 'resume', 'close', 'terminate'].every((name) => name in raw)

export const nodeAddress = (c: Context): string | undefined => incomingOf(c.env)?.socket.remoteAddress

/** The request behind Hono's bindings on Node. */
export function incomingOf(env: unknown): IncomingMessage | undefined {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return undefined
  return env.incoming instanceof IncomingMessage ? env.incoming : undefined
}
