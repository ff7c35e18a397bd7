import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import type { LogLimits, Published } from '../../src/core/broadcast-adapter.ts'
import type { Connection } from '../../src/core/connection.ts'
import type { FanOut } from '../../src/core/fan-out.ts'
import type { Hooks, Identity } from '../../src/core/hooks.ts'
import { Hub } from '../../src/core/hub.ts'
import type { Authenticate } from '../../src/core/json-protocol.ts'
import type { Kept } from '../../src/core/kept.ts'
import { ServerFrame } from '../../src/core/protocol.ts'
import { DEFAULT_LOG_LIMITS, DEFAULT_SETTINGS, type Heartbeat, type Limits } from '../../src/core/settings.ts'
import { FakeAdapter } from './fake-adapter.ts'
import { FakeLog, FakeLoop, SeededRandom, TimedLoop } from './fake-loop.ts'
import { FakeTransport, type TransportOptions } from './fake-transport.ts'

export interface WorldOptions {
  readonly logs?: Partial<LogLimits>
  /** What the adapter keeps, where that is not what the hub does. */
  readonly engineLogs?: Partial<LogLimits>
  readonly mostCopied?: number
  /** ms that it takes to write a batch to one socket; the loop can measure that. */
  readonly writing?: number
  readonly section?: number
  readonly limits?: Partial<Limits>
  readonly heartbeat?: Heartbeat
  readonly hooks?: Hooks
  /** ms since 1970 at which it begins. */
  readonly now?: number
}

export interface ClientOptions extends TransportOptions {
  readonly user?: string
  readonly expires?: number
  readonly room?: string
  readonly session?: string
  readonly authenticate?: Authenticate
  /** Of a connection that goes on. */
  readonly kept?: Kept
}

export type Frame<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>

/** Writing takes its time. */
class TimedFanOut implements FanOut {
  readonly #loop: FakeLoop
  readonly #writing: number
  #sockets = 0

  constructor(loop: FakeLoop, writing: number) {
    this.#loop = loop
    this.#writing = writing
  }

  begin(sockets: number): void {
    this.#sockets = sockets
  }

  end(): number {
    this.#loop.pass(this.#sockets * this.#writing)
    return 0
  }

  beginTurn(): void {}

  endTurn(): number {
    return 0
  }

  close(): void {}
}

/** A hub with its adapter and sockets, in which nothing happens by itself. */
export class World {
  readonly loop: FakeLoop
  readonly log = new FakeLog()
  readonly adapter: FakeAdapter
  readonly hub: Hub

  constructor(options: WorldOptions = {}) {
    const { logs, engineLogs = {}, mostCopied, writing = 0, section, limits, heartbeat, hooks = {}, now } = options
    this.loop = writing > 0 ? new TimedLoop(now) : new FakeLoop(now)
    const shared = {
      clock: this.loop,
      loop: this.loop,
      random: new SeededRandom(),
      limitsOf: () => ({ ...DEFAULT_LOG_LIMITS, ...logs }),
    }
    const kept = { ...DEFAULT_LOG_LIMITS, ...logs, ...engineLogs }
    this.adapter = new FakeAdapter({ ...shared, limitsOf: () => kept })
    const settings = {
      ...DEFAULT_SETTINGS,
      limits: { ...DEFAULT_SETTINGS.limits, ...limits },
      heartbeat: heartbeat ?? DEFAULT_SETTINGS.heartbeat,
    }
    const fanOut = new TimedFanOut(this.loop, writing)
    this.hub = new Hub({
      ...shared,
      adapter: this.adapter,
      log: this.log,
      settings,
      hooks,
      mostCopied,
      fanOut,
      section,
    })
    void this.hub.start()
  }

  /** Opens a connection to the JSON protocol. */
  connect(options: ClientOptions = {}): Client {
    const handshake = {
      authenticate: options.authenticate ?? (() => undefined),
      ...(options.room === undefined ? {} : { room: options.room }),
      ...(options.session === undefined ? {} : { session: options.session }),
    }
    return this.#open(options, (transport, identity) => this.hub.openJson(transport, identity, handshake, options.kept))
  }

  chat(options: ClientOptions = {}): Client {
    return this.#open(options, (transport, identity) => this.hub.openPlainChat(transport, identity, options.kept))
  }

  echo(options: ClientOptions = {}): Client {
    return this.#open(options, (transport, identity) => this.hub.openEcho(transport, identity))
  }

  /** Ends turns until nothing is put off, and lets promises settle in between. */
  async rest(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await setImmediate()
      this.loop.rest()
    }
  }

  /** Publishes from outside, as `user`. */
  async publish(room: string, content: string, user = 'outside'): Promise<Published> {
    return await this.hub.publish(room, { from: { id: user, name: user }, body: { kind: 'chat', content } })
  }

  #open(options: ClientOptions, open: (transport: FakeTransport, identity: Identity) => Connection): Client {
    const transport = new FakeTransport(this.loop, options)
    const id = options.user ?? 'ann'
    const { expires } = options
    const identity = { user: { id, name: id.toUpperCase() }, ...(expires === undefined ? {} : { expires }) }
    const connection = open(transport, identity)
    transport.hear = (text) => connection.text(text)
    return new Client(transport, connection)
  }
}

/** The peer: sends client frames as text, reads what the server sent. */
export class Client {
  readonly transport: FakeTransport
  readonly connection: Connection
  #taken = 0

  constructor(transport: FakeTransport, connection: Connection) {
    this.transport = transport
    this.connection = connection
  }

  send(frame: unknown): void {
    this.transport.arrive(JSON.stringify(frame))
  }

  text(text: string): void {
    this.transport.arrive(text)
  }

  join(room: string, more: Readonly<Record<string, unknown>> = {}): void {
    this.send({ type: 'join', room, ...more })
  }

  /** What came since the last call. */
  take(): ServerFrame[] {
    const texts = this.transport.texts.slice(this.#taken)
    this.#taken = this.transport.texts.length
    return texts.map(parseFrame)
  }

  /** Everything of one type that came, ever. */
  all<T extends ServerFrame['type']>(type: T): Frame<T>[] {
    return this.transport.texts.map(parseFrame).filter((frame): frame is Frame<T> => frame.type === type)
  }

  /** The contents of the chat frames that came since the last call. */
  heard(): string[] {
    return this.take().flatMap((frame) => (frame.type === 'chat' ? [frame.content] : []))
  }

  /** The socket is gone. */
  die(): void {
    this.transport.gone = true
    this.connection.closed()
  }
}

/** Reads a frame by the schema that clients go by; a field that it does not know is a failure. */
export function parseFrame(text: string): ServerFrame {
  const raw: unknown = JSON.parse(text)
  const frame = v.parse(ServerFrame, raw)
  if (JSON.stringify(raw).length !== JSON.stringify(frame).length) throw new Error(`unknown fields in ${text}`)
  return frame
}

/** What the frames that came were, in short. */
export const kinds = (frames: readonly ServerFrame[]): string[] =>
  frames.map((frame) =>
    [frame.type, 'room' in frame ? frame.room : undefined, 'ref' in frame ? frame.ref : undefined]
      .filter((part) => part !== undefined)
      .join(' '),
  )

/** Draws are the same in every run, unless `FC_SEED` says otherwise. A failure prints its seed and path. */
export const draws = (numRuns: number): { seed: number; numRuns: number } => ({
  seed: Number(process.env['FC_SEED'] ?? 20_260_601),
  numRuns,
})
