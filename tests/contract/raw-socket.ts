/** A WebSocket peer over node:net that may do whatever a peer must not. */
import { connect, type Socket } from 'node:net'
import { type Closed, closeOf, type Frame, frame, OPCODE, parseFrame } from './frames.ts'
import { type HandshakeOptions, handshake, parseResponse, type Response } from './handshake.ts'
import { shorten, Waiting } from './waiting.ts'

/** How long a peer that takes no more input must have been still to count as stalled. */
const STALL = 1_000

export interface Flood {
  readonly state: 'all' | 'stalled' | 'over'
  readonly chunks: number
}

export class RawSocket {
  readonly port: number
  readonly #socket: Socket
  readonly #waiting: Waiting
  #received: Buffer = Buffer.alloc(0)
  #arriving: Buffer[] = []
  #ended = false

  constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.port = port
    this.#waiting = new Waiting(
      () => this.#ended,
      () => shorten(JSON.stringify(this.#bytes().toString('latin1'))),
    )
    const end = (): void => {
      this.#ended = true
      this.#waiting.wake()
    }
    socket.on('data', (chunk) => {
      this.#arriving.push(chunk)
      this.#waiting.wake()
    })
    socket.on('end', end)
    socket.on('close', end)
    // A reset by the server is an end like any other here.
    socket.on('error', end)
  }

  static connect(port: number): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawSocket(socket, port))
      })
    })
  }

  write(data: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(data)
  }

  /** Resolves when the system has taken the bytes, so that the next write is a segment of its own. */
  push(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(data, () => resolve()))
  }

  text(text: string): void {
    this.write(frame(text))
  }

  /** The next HTTP response. */
  response(): Promise<Response> {
    return this.#waiting.wait({ what: 'a response', take: () => this.#takeResponse() })
  }

  /** The next HTTP response, or nothing where the server closed without one. */
  async responseOrEnd(): Promise<Response | 'closed'> {
    const take = (): Response | 'closed' | undefined => this.#takeResponse() ?? (this.#ended ? 'closed' : undefined)
    return await this.#waiting.wait({ what: 'a response or the end', take })
  }

  async upgrade(options: HandshakeOptions = {}): Promise<Response> {
    this.write(handshake(this.port, options))
    const response = await this.response()
    if (response.status !== 101) throw new Error(`the upgrade got ${response.status} ${shorten(response.body)}`)
    return response
  }

  /** The next frame of the server, of whatever kind. */
  frame(timeout?: number): Promise<Frame> {
    return this.#waiting.wait({ what: 'a frame', take: () => this.#takeFrame(), timeout })
  }

  /** The next text, answering nothing and passing over pings. */
  async nextText(timeout?: number): Promise<string> {
    for (;;) {
      const next = await this.frame(timeout)
      if (next.opcode === OPCODE.text) return next.payload.toString()
      if (next.opcode !== OPCODE.ping)
        throw new Error(`waited for a text, but got opcode ${next.opcode}: ${describe(next)}`)
    }
  }

  /** The next frame, or the end where the connection is cut without one. */
  frameOrEnd(timeout?: number): Promise<Frame | 'end'> {
    const take = (): Frame | 'end' | undefined => this.#takeFrame() ?? (this.#ended ? 'end' : undefined)
    return this.#waiting.wait({ what: 'a frame or the end', take, timeout })
  }

  /** Reads on until the server's close frame, or nothing where the connection is cut without one. */
  async close(timeout?: number): Promise<Closed | 'cut'> {
    for (;;) {
      const next = await this.frameOrEnd(timeout)
      if (next === 'end') return 'cut'
      if (next.opcode === OPCODE.close) return closeOf(next)
    }
  }

  /** Waits until the server has closed its side. */
  ended(timeout?: number): Promise<true> {
    return this.#waiting.wait({ what: 'the end', take: () => this.#ended || undefined, timeout })
  }

  /** Writes `chunk` again and again: until `most` are out, or the server takes no more, or the connection ended. */
  async flood(chunk: Uint8Array, most: number): Promise<Flood> {
    for (let chunks = 0; chunks < most; chunks++) {
      if (this.#socket.destroyed || this.#ended) return { state: 'over', chunks }
      // While the system takes all at once nothing else has a turn, such as news of the end.
      if (chunks % 64 === 63) await new Promise((resolve) => setImmediate(resolve))
      if (this.#socket.write(chunk)) continue
      const state = await this.#drained()
      if (state !== 'all') return { state, chunks: chunks + 1 }
    }
    return { state: 'all', chunks: most }
  }

  halfClose(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #drained(): Promise<Flood['state']> {
    return new Promise((resolve) => {
      const done = (state: Flood['state']) => (): void => {
        clearTimeout(timer)
        this.#socket.off('drain', onDrain).off('close', onClose)
        resolve(state)
      }
      const onDrain = done('all')
      const onClose = done('over')
      const timer = setTimeout(done('stalled'), STALL)
      this.#socket.once('drain', onDrain).once('close', onClose)
    })
  }

  /** Everything received and not taken. Joined only when asked for, since a large frame comes in many pieces. */
  #bytes(): Buffer {
    if (this.#arriving.length > 0) {
      this.#received = Buffer.concat([this.#received, ...this.#arriving])
      this.#arriving = []
    }
    return this.#received
  }

  #takeResponse(): Response | undefined {
    const parsed = parseResponse(this.#bytes(), this.#ended)
    if (parsed === undefined) return
    this.#received = this.#received.subarray(parsed.size)
    return parsed.response
  }

  #takeFrame(): Frame | undefined {
    const parsed = parseFrame(this.#bytes())
    if (parsed === undefined) return
    this.#received = this.#received.subarray(parsed.size)
    return parsed.frame
  }
}

function describe(frame: Frame): string {
  return frame.opcode === OPCODE.close ? JSON.stringify(closeOf(frame)) : shorten(frame.payload.toString())
}
