/** A well-behaved client on `ws`: texts for /echo and /chat, parsed frames for /ws. */
import { sign } from 'hono/jwt'
import * as v from 'valibot'
import { WebSocket } from 'ws'
import { ServerFrame } from '../../src/core/protocol.ts'
import { SECRET, type Served } from './fixtures.ts'
import type { Closed } from './frames.ts'
import { shorten, Waiting } from './waiting.ts'

export type Of<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>
export type Outgoing = { readonly type: string; readonly [field: string]: unknown }

export type Claims = Readonly<Record<string, unknown>>

export const token = (claims: Claims, secret: string = SECRET): Promise<string> => sign({ ...claims }, secret, 'HS256')

/** `seconds` from now, as JWT counts time. */
export const fromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

export interface PeerOptions {
  readonly path?: string
  /** The token's subject, and name in capitals. */
  readonly user?: string
  /** A token in place of the user's; null: none. */
  readonly token?: string | null
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
}

interface Message {
  readonly text: string
  readonly frame: ServerFrame | undefined
}

export const refOf = (frame: ServerFrame): string | number | undefined => ('ref' in frame ? frame.ref : undefined)

export class Peer {
  readonly #socket: WebSocket
  readonly #waiting: Waiting
  readonly #json: boolean
  #inbox: Message[] = []
  #closed: Closed | undefined
  #refs = 0

  private constructor(socket: WebSocket, json: boolean) {
    this.#socket = socket
    this.#json = json
    this.#waiting = new Waiting(
      () => this.#closed !== undefined,
      () =>
        shorten(
          `${this.#inbox.map(({ text }) => shorten(text)).join(' | ')} ${JSON.stringify(this.#closed ?? 'open')}`,
        ),
    )
    socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('the server sent a binary frame')
      this.#take(data.toString())
      this.#waiting.wake()
    })
    socket.on('close', (code, reason) => {
      this.#closed = { code, reason: reason.toString() }
      this.#waiting.wake()
    })
  }

  /** Connects, and fails with the status where the server refuses. */
  static async open(served: Served, options: PeerOptions = {}): Promise<Peer> {
    const { path = '/ws', user = 'ann', query = {}, headers = {}, protocols = [] } = options
    const jwt = options.token === undefined ? await token({ sub: user, name: user.toUpperCase() }) : options.token
    const url = new URL(path, served.url.replace(/^http/, 'ws'))
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
    const authorization = jwt === null ? {} : { Authorization: `Bearer ${jwt}` }
    return await new Promise((resolve, reject) => {
      const socket = new WebSocket(url, [...protocols], {
        headers: { ...authorization, ...headers },
        perMessageDeflate: false,
      })
      // Made before the handshake ends: the first frames may come with it.
      const peer = new Peer(socket, path === '/ws')
      socket.once('open', () => resolve(peer))
      socket.on('error', reject)
    })
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  send(frame: Outgoing): void {
    this.#socket.send(JSON.stringify(frame))
  }

  sendText(text: string): void {
    this.#socket.send(text)
  }

  sendBinary(bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: true })
  }

  /** The next message as it came. */
  async text(): Promise<string> {
    return (await this.#message('a text', () => 0)).text
  }

  /** The very next frame. */
  async frame(): Promise<ServerFrame> {
    return parsed(await this.#message('a frame', () => 0))
  }

  async frames(count: number): Promise<readonly ServerFrame[]> {
    const frames: ServerFrame[] = []
    while (frames.length < count) frames.push(await this.frame())
    return frames
  }

  /** The first frame of this type; the others stay in the inbox. */
  async next<T extends ServerFrame['type']>(type: T, timeout?: number): Promise<Of<T>> {
    const isOfType = (frame: ServerFrame | undefined): frame is Of<T> => frame?.type === type
    const find = (): number => this.#inbox.findIndex(({ frame }) => isOfType(frame))
    const { frame } = await this.#message(`a ${type}`, find, timeout)
    if (!isOfType(frame)) throw new Error('unreachable: found by its type')
    return frame
  }

  /** The first frame that carries this `ref`. */
  async reply(ref: string | number): Promise<ServerFrame> {
    const find = (): number => this.#inbox.findIndex(({ frame }) => frame !== undefined && refOf(frame) === ref)
    return parsed(await this.#message(`the reply to ${ref}`, find))
  }

  /** Sends with a `ref` of its own and waits for the reply. */
  async ask(frame: Outgoing): Promise<ServerFrame> {
    const ref = `ref-${++this.#refs}`
    this.send({ ...frame, ref })
    return await this.reply(ref)
  }

  /** The code of the error that answers `frame`. */
  async refusal(frame: Outgoing): Promise<string> {
    return expectType(await this.ask(frame), 'error').code
  }

  async join(room: string, history?: number): Promise<Of<'joined'>> {
    return expectType(await this.ask({ type: 'join', room, ...(history === undefined ? {} : { history }) }), 'joined')
  }

  async leave(room: string): Promise<Of<'left'>> {
    return expectType(await this.ask({ type: 'leave', room }), 'left')
  }

  async say(room: string, content: string, more: Readonly<Record<string, unknown>> = {}): Promise<Of<'ack'>> {
    return expectType(await this.ask({ type: 'chat', room, content, ...more }), 'ack')
  }

  /** Proves that the connection lives. */
  async pong(): Promise<void> {
    expectType(await this.ask({ type: 'ping' }), 'pong')
  }

  /** The frames that came and were not taken. */
  pending(): readonly ServerFrame[] {
    return this.#inbox.map(parsed)
  }

  closed(timeout?: number): Promise<Closed> {
    return this.#waiting.wait({ what: 'the close', take: () => this.#closed, timeout })
  }

  close(): void {
    this.#socket.close()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #take(data: string): void {
    if (!this.#json) {
      this.#inbox.push({ text: data, frame: undefined })
      return
    }
    const texts = this.protocol === 'parlor.v1.batch' ? data.split('\n') : [data]
    for (const text of texts) {
      const result = v.safeParse(ServerFrame, JSON.parse(text))
      if (result.success && result.output.type === 'seen') this.#socket.send(text)
      else this.#inbox.push({ text, frame: result.success ? result.output : undefined })
    }
  }

  #message(what: string, find: () => number, timeout?: number): Promise<Message> {
    const take = (): Message | undefined => {
      const at = find()
      return at < 0 ? undefined : this.#inbox.splice(at, 1)[0]
    }
    return this.#waiting.wait({ what, take, timeout })
  }
}

function parsed({ text, frame }: Message): ServerFrame {
  if (frame === undefined) throw new Error(`not a server frame: ${shorten(text)}`)
  return frame
}

export function expectType<T extends ServerFrame['type']>(frame: ServerFrame, type: T): Of<T> {
  const isOfType = (candidate: ServerFrame): candidate is Of<T> => candidate.type === type
  if (!isOfType(frame)) throw new Error(`expected a ${type}, got ${shorten(JSON.stringify(frame))}`)
  return frame
}
