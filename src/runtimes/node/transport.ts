import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Context } from 'hono'
import type { WebSocket } from 'ws'
import type { Batch } from '../../core/batch.ts'
import type { FanOut } from '../../core/fan-out.ts'
import type { Logger } from '../../core/logger.ts'
import type { Transport } from '../../core/transport.ts'
import type { SocketListener, TransportWish } from '../../http/runtime.ts'
import { DirectReads, MOST_READ, type Reader } from './direct-reads.ts'
import { DirectWrites, type InFlight } from './direct-writes.ts'
import { ThreadedFanOut } from './fan-out.ts'
import { asciiFrameOf, BatchFrames, frameOf } from './frames.ts'
import { listen } from './listening.ts'
import { watchWrites } from './stream-writes.ts'
import { findTcpHandles, type TcpHandle, type TcpHandles } from './tcp-handle.ts'
import { readTexts } from './text-frames.ts'
import { WriterThreads } from './writer-threads.ts'
import { findReceiver, isBetweenMessages, type Receiver } from './ws-reading.ts'

const shared = new BatchFrames()
const direct = findDirect()

/** How to read and write past the streams of sockets. */
export interface Direct {
  readonly handles: TcpHandles
  readonly reads: DirectReads
  readonly writes: DirectWrites
}

/** Undefined where this Node is not the one that was known when it was written. */
export function findDirect(handles: TcpHandles | undefined = findTcpHandles()): Direct | undefined {
  return handles && { handles, reads: new DirectReads(handles), writes: new DirectWrites(handles) }
}

/**
 * A socket of the `ws` package. Messages are framed here and written to the TCP socket as they are, so that one buffer can serve
 * many sockets, and plain texts are read here; `ws` reads all else, and writes the control frames. That is safe as long as compression is
 * off: `ws` then writes each of its frames at once and whole.
 */
export class NodeTransport implements Transport, InFlight, Reader {
  // What every write looks at stands together.
  readonly #handle: TcpHandle | undefined
  readonly #writes: DirectWrites | undefined
  /** The socket is open, its stream empty, and `ws` between two messages: as long as nobody writes to the stream, and nothing is read from it. */
  #alone = false
  #corked = false
  readonly #joined: boolean
  /** Bytes written past the stream that the kernel has not taken yet. */
  #inFlight = 0
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #listener: SocketListener
  /** What `ws` reads with what is not read here. Undefined where it reads everything. */
  readonly #receiver: Receiver | undefined

  /** `direct`: how to read and write past the stream; undefined: not at all. */
  constructor(ws: WebSocket, socket: Socket, { joined, listener }: TransportWish, direct: Direct | undefined) {
    this.#ws = ws
    this.#socket = socket
    this.#handle = direct?.handles.handleOf(socket)
    this.#writes = direct?.writes
    this.#joined = joined
    this.#listener = listener
    // An application that listens too would not hear what is read here.
    const isOurs = ws.listenerCount('message') === 0
    listen(ws, listener)
    this.#receiver = this.#handle && isOurs ? findReceiver(ws, MOST_READ) : undefined
    if (this.#handle && this.#receiver) {
      watchWrites(socket, this)
      direct?.reads.begin(this.#handle, this)
    }
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
    return this.#alone ? this.#inFlight : this.#inFlight + this.#socket.writableLength
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
    // The stream takes what comes now, and stops reading when that is much.
    this.#alone = false
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

  waits(bytes: number): void {
    this.#inFlight = bytes
  }

  landed(status: number): void {
    this.#inFlight = 0
    if (status !== 0) this.#socket.destroy()
  }

  arrived(bytes: Buffer, end: number): number {
    const rest = this.#alone || this.#isUpToDate() ? readTexts(bytes, end, this.#listener) : 0
    // The stream of a socket that was dropped meanwhile wants nothing any more.
    return rest < end && this.#socket.destroyed ? end : rest
  }

  streaming(): void {
    this.#alone = false
  }

  /** A string: a character a byte. */
  #write(frames: Buffer | string): void {
    const direct = this.#inFlight === 0 && !this.#corked && (this.#alone || this.#isFree())
    if (direct && this.#handle && this.#writes) this.#writes.write(this.#handle, frames, this)
    else this.#writeToStream(frames)
  }

  #writeToStream(frames: Buffer | string): void {
    // Between a close frame, whose ever it is, and the end of the socket nothing may be sent, and nobody would read it.
    if (this.#ws.readyState === this.#ws.CLOSING) return
    if (!this.#socket.writable) throw new Error('the socket is closed')
    if (typeof frames === 'string') this.#socket.write(frames, 'latin1')
    else this.#socket.write(frames)
  }

  /** Whether what is written past the stream overtakes nothing. */
  #isFree(): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN || !this.#socket.writable || this.#socket.writableLength > 0) return false
    // While `ws` has nothing to read it has nothing to write.
    this.#alone = this.#isUpToDate()
    return true
  }

  /** Whether `ws` has seen all that it was given, and wants to see more. */
  #isUpToDate(): boolean {
    const receiver = this.#receiver
    if (!receiver || this.#ws.readyState !== this.#ws.OPEN) return false
    return !this.#socket.isPaused() && this.#socket.readableLength === 0 && isBetweenMessages(receiver)
  }
}

export function nodeTransport(raw: unknown, c: Context, wish: TransportWish): Transport {
  const socket = incomingOf(c.env)?.socket
  if (!isSocket(raw) || !socket) throw new TypeError('not a socket of the ws package on a Node server')
  return new NodeTransport(raw, socket, wish, direct)
}

/** Undefined where no thread would help. */
export function nodeFanOut(threads: number | undefined, log: Logger): FanOut | undefined {
  const count = threads ?? (availableParallelism() > 1 ? 1 : 0)
  if (count === 0) return undefined
  // On Windows sockets have no descriptors.
  if (!direct || process.platform === 'win32') {
    if (threads !== undefined) log.warn('writerThreads: other threads can not write to the sockets of this Node')
    return undefined
  }
  const failed = (reason: unknown): void =>
    log.warn('a writer thread can not run: what it would do is done without it', { reason })
  return new ThreadedFanOut(direct.writes, () => new WriterThreads(count, failed))
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
