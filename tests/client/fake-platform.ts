/** A platform for the SDK in which time, chance and sockets do what a test says, and nothing else. */
import { onTestFinished } from 'vitest'
import { type ConnectOptions, connect } from '../../src/client/connect.ts'
import type { Environment } from '../../src/client/environment.ts'
import type { JoinOptions, Message, Missed, Parlor, ParlorError, Room } from '../../src/client/index.ts'
import type { SocketLike } from '../../src/client/socket.ts'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { FakeLoop } from '../core/fake-loop.ts'

export interface Sent {
  readonly type: string
  readonly ref: number
  readonly room?: string
  readonly content?: string
  readonly id?: string
  readonly age?: number
  readonly since?: unknown
  readonly history?: number
  readonly token?: string
  readonly [field: string]: unknown
}

type Welcome = Extract<ServerFrame, { type: 'welcome' }>

export const WELCOME: Welcome = {
  type: 'welcome',
  connection: 'c1',
  user: { id: 'ann', name: 'Ann' },
  heartbeat: 30_000,
  limits: { message: 65_536, room: 128, rooms: 128, pending: 32 },
  reconnect: { after: 0, window: 0 },
  session: 'session-1',
}

interface Listeners {
  message: ((event: { readonly data: unknown }) => void)[]
  close: ((event: { readonly code: number; readonly reason: string }) => void)[]
  error: (() => void)[]
}

/** The client's end of a socket, and the server's. */
export class FakeSocket implements SocketLike {
  readonly url: URL
  readonly protocols: readonly string[]
  readonly texts: string[] = []
  protocol = ''
  readyState = 0
  /** The code with which the client closed it. */
  closedWith: number | undefined
  readonly #listeners: Listeners = { message: [], close: [], error: [] }

  constructor(url: string, protocols: readonly string[]) {
    this.url = new URL(url)
    this.protocols = protocols
  }

  addEventListener<T extends keyof Listeners>(type: T, listener: Listeners[T][number]): void {
    const listeners: unknown[] = this.#listeners[type]
    listeners.push(listener)
  }

  send(text: string): void {
    if (this.readyState === 0) throw new Error('not open yet')
    this.texts.push(text)
  }

  close(code?: number): void {
    this.closedWith = code ?? 1005
    this.readyState = Math.max(this.readyState, 2)
  }

  /** What the client sent, pings left out. */
  get sent(): Sent[] {
    return this.texts.map((text): Sent => JSON.parse(text)).filter(({ type }) => type !== 'ping')
  }

  get pings(): number {
    return this.texts.filter((text) => text === '{"type":"ping"}').length
  }

  query(name: string): string | null {
    return this.url.searchParams.get(name)
  }

  /** The handshake succeeds. */
  accept(protocol = this.protocols[0] ?? ''): void {
    this.readyState = 1
    this.protocol = protocol
  }

  /** The handshake succeeds and the server says `welcome`. */
  welcome(more: Partial<Welcome> = {}): void {
    this.accept()
    this.say({ ...WELCOME, ...more })
  }

  /** The server sends these, in one frame. */
  say(...frames: object[]): void {
    this.text(frames.map((frame) => JSON.stringify(frame)).join('\n'))
  }

  text(data: unknown): void {
    for (const listener of this.#listeners.message) listener({ data })
  }

  /** The socket is closed, as the platform tells it. */
  end(code = 1006, reason = ''): void {
    this.readyState = 3
    for (const listener of this.#listeners.close) listener({ code, reason })
  }

  /** The handshake or the network failed. */
  fail(): void {
    for (const listener of this.#listeners.error) listener()
    this.end(1006)
  }

  /** What was asked and is not answered, as the test left it: the last request of this type. */
  last(type: string): Sent {
    const found = this.sent.filter((frame) => frame.type === type).at(-1)
    if (!found) throw new Error(`no ${type} was sent: ${this.texts.join(' ')}`)
    return found
  }

  joined(position: object = { epoch: 'e1', offset: 0 }, recovered = false): void {
    const { ref, room } = this.last('join')
    this.say({ type: 'joined', ref, room, position, recovered })
  }

  /** Acknowledges a publish. */
  ack({ ref, room }: Sent, offset = ref, duplicate = false): void {
    this.say({ type: 'ack', ref, room, duplicate, position: { epoch: 'e1', offset, id: `m${offset}` } })
  }

  refuse({ ref }: Sent, code: string, retryable: boolean): void {
    this.say({ type: 'error', ref, code, message: `no: ${code}`, retryable })
  }
}

/** A message of a room. */
export const line = (offset: number, content = `line ${offset}`, room = 'lobby'): object => ({
  type: 'chat',
  room,
  offset,
  id: `m${offset}`,
  from: { id: 'jun', name: 'Jun' },
  time: 1,
  content,
})

export class FakePlatform {
  readonly loop = new FakeLoop()
  readonly sockets: FakeSocket[] = []
  readonly reported: unknown[] = []
  /** What chance says: from 0 to 1. */
  luck = 1
  /** Whether making a socket throws. */
  isBroken = false
  #slept = 0
  #ids = 0
  readonly #wakers = new Set<() => void>()
  #back = 0

  readonly environment: Environment = {
    now: () => this.loop.now() - this.#back,
    monotonic: () => this.loop.now() - this.#slept,
    after: (ms, task) => this.loop.after(ms, task),
    random: () => this.luck,
    id: () => `id-${++this.#ids}`,
    onWake: (listener) => {
      this.#wakers.add(listener)
      return () => void this.#wakers.delete(listener)
    },
    report: (error) => void this.reported.push(error),
  }

  get listeners(): number {
    return this.#wakers.size
  }

  connect(options: ConnectOptions = {}, url = 'wss://example.test/ws'): Parlor {
    const platform = this
    class Socket extends FakeSocket {
      constructor(address: string, protocols: readonly string[]) {
        if (platform.isBroken) throw new Error('the platform forbids it')
        super(address, protocols)
        platform.sockets.push(this)
      }
    }
    const parlor = connect(url, { environment: this.environment, WebSocket: Socket, ...options })
    onTestFinished(() => parlor.close())
    return parlor
  }

  /** A client that is open. */
  async open(options: ConnectOptions = {}): Promise<Parlor> {
    const parlor = this.connect(options)
    await this.rest()
    this.socket.welcome()
    await this.rest()
    return parlor
  }

  /** Loses the newest socket and opens the next one. */
  async reopen(session = `session-${this.sockets.length + 1}`): Promise<void> {
    const before = this.sockets.length
    if (this.socket.readyState < 3) this.socket.end(1006)
    for (let waits = 0; this.sockets.length === before && waits < 200; waits++) await this.pass(500)
    this.socket.welcome({ session, connection: `c${this.sockets.length}` })
    await this.rest()
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('no socket was made')
    return socket
  }

  /** Lets promises settle. */
  async rest(): Promise<void> {
    for (let i = 0; i < 20; i++) await undefined
  }

  /** Lets time pass, and promises settle meanwhile. */
  async pass(ms: number): Promise<void> {
    await this.rest()
    for (let left = ms; left > 0; left -= 50) {
      this.loop.advance(Math.min(50, left))
      await this.rest()
    }
  }

  /** The machine sleeps: time passes at once, timers fire late, the monotonic clock stands still. */
  async sleep(ms: number): Promise<void> {
    this.#slept += ms
    this.loop.leap(ms)
    await this.rest()
  }

  /** Somebody sets the clock back. */
  turnBack(ms: number): void {
    this.#back += ms
  }

  /** The network may have changed. */
  async wake(): Promise<void> {
    for (const waker of [...this.#wakers]) waker()
    await this.rest()
  }
}

/** A room with a record of everything its handlers heard. */
export interface Heard {
  readonly room: Room
  readonly messages: Message[]
  readonly missed: Missed[]
  readonly failures: ParlorError[]
  /** Messages' contents and misses, in the order they came. */
  readonly story: string[]
}

export function hear(parlor: Parlor, name = 'lobby', options: Partial<JoinOptions> = {}): Heard {
  const messages: Message[] = []
  const missed: Missed[] = []
  const failures: ParlorError[] = []
  const story: string[] = []
  const room = parlor.join(name, {
    onMessage(message) {
      messages.push(message)
      story.push(message.type === 'chat' ? message.content : message.name)
    },
    onMissed(what) {
      missed.push(what)
      story.push(what.kind)
    },
    onFailed: (error) => void failures.push(error),
    ...options,
  })
  return { room, messages, missed, failures, story }
}

/** What a promise came to so far. */
export function fate<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const found: { value?: T; error?: unknown } = {}
  promise.then(
    (value) => {
      found.value = value
    },
    (error: unknown) => {
      found.error = error
    },
  )
  return found
}
