import type { BroadcastAdapter, Draft, LogLimits, Published } from './broadcast-adapter.ts'
import type { Clock, EventLoop } from './clock.ts'
import { CLOSE } from './close-codes.ts'
import { Connection, type ConnectionDeps, type Protocol } from './connection.ts'
import { Copies, MOST_COPIED } from './copies.ts'
import { Deadlines, type Schedule } from './deadlines.ts'
import { Echo } from './echo.ts'
import type { Encode } from './entry.ts'
import { RequestError } from './errors.ts'
import { attempt, type Eventually } from './eventually.ts'
import { type FanOut, ONE_BY_ONE } from './fan-out.ts'
import { readHistory } from './history.ts'
import type { Hooks, Identity } from './hooks.ts'
import { type Authenticate, JsonProtocol } from './json-protocol.ts'
import type { Kept } from './kept.ts'
import { Linger } from './linger.ts'
import type { Logger } from './logger.ts'
import { Pace } from './pace.ts'
import { PLAIN_CHAT_ROOM, PlainChat } from './plain-chat.ts'
import type { HistoryRequest } from './protocol.ts'
import { publicationEncoder } from './publication-text.ts'
import type { Random } from './random.ts'
import type { Flush, Rhythm } from './rhythm.ts'
import type { Room } from './room.ts'
import { Rooms } from './rooms.ts'
import { Sessions } from './sessions.ts'
import type { HubSettings } from './settings.ts'
import type { Start, StartRequest } from './start.ts'
import type { Transport } from './transport.ts'
import { Turns } from './turns.ts'
import { within } from './within.ts'

/** What is written to so many sockets takes a millisecond or two: less would be lost in the steps of a timer. */
const SECTION = 256

/** ms between two looks at whether all that waited is gone, while draining. */
const FLUSH_LOOK = 20

export interface HubDeps {
  readonly adapter: BroadcastAdapter
  readonly clock: Clock
  readonly loop: EventLoop
  readonly random: Random
  readonly log: Logger
  readonly settings: HubSettings
  readonly limitsOf: (room: string) => LogLimits
  readonly hooks: Hooks
  /** Looks at connections' deadlines, where timers of the process would not do. */
  readonly deadlines?: Schedule
  /** When a room's publications go out, where `Linger` is not to say that; undefined, of a room: it is. */
  readonly rhythm?: (room: string, turns: Turns, flush: Flush) => Rhythm | undefined
  /** One by one where there is none. */
  readonly fanOut?: FanOut | undefined
  /** Characters of text that the copies of all rooms' logs may take together. 64 Mi where nothing is said. */
  readonly mostCopied?: number | undefined
  /** Members to whom a room hands out by themselves where it rests. 256 where nothing is said. */
  readonly section?: number | undefined
}

/** A connection to the JSON protocol, as the handshake asked for it. */
export interface JsonHandshake {
  readonly authenticate: Authenticate
  /** Joined at once. */
  readonly room?: string
  /** Of an older connection, whose place this one takes. */
  readonly session?: string
}

/** Who is told that a connection has ended. */
export interface Ending {
  ended(): void
}

/** The connections and rooms of one process: where sockets and the adapter meet. */
export class Hub {
  readonly settings: HubSettings
  readonly hooks: Hooks
  readonly log: Logger
  readonly rooms: Rooms
  readonly sessions: Sessions
  readonly #deps: HubDeps
  readonly #turns: Turns
  readonly #deadlines: Schedule
  /** With who is told when one has ended. */
  readonly #connections = new Map<Connection, Ending | undefined>()
  #draining = false
  readonly #connectionDeps: ConnectionDeps

  constructor(deps: HubDeps) {
    this.#deps = deps
    this.settings = deps.settings
    this.hooks = deps.hooks
    this.log = deps.log
    const fanOut = deps.fanOut ?? ONE_BY_ONE
    const failed = (reason: unknown): void => this.log.error('what was put off to the end of a turn failed', { reason })
    this.#turns = new Turns(deps.loop, failed, fanOut)
    this.sessions = new Sessions(deps.random)
    const { adapter, loop, log, limitsOf, settings } = deps
    this.#deadlines = deps.deadlines ?? new Deadlines(deps.clock, loop, tickOf(settings))
    const linger = new Linger(loop, this.#turns, settings.maxLinger)
    this.rooms = new Rooms({
      adapter,
      clock: deps.clock,
      loop,
      patience: settings.limits.request,
      rhythm: (room, flush) => deps.rhythm?.(room, this.#turns, flush) ?? linger.rhythm(flush),
      fanOut,
      // What a copy of a log has that has expired goes with the memory.
      deadlines: deps.deadlines ? NEVER : this.#deadlines,
      log,
      limitsOf,
      encoder: encoderFor,
      copies: new Copies(this.#turns, deps.mostCopied ?? MOST_COPIED),
      section: deps.section ?? SECTION,
    })
    this.#connectionDeps = {
      clock: deps.clock,
      turns: this.#turns,
      pace: new Pace(this.#turns),
      deadlines: this.#deadlines,
      heartbeat: settings.heartbeat,
      log,
      ended: (connection) => {
        const ending = this.#connections.get(connection)
        this.#connections.delete(connection)
        ending?.ended()
      },
    }
  }

  /** Connects the hub to its adapter. To be awaited before the first connection. */
  start(): Eventually<void> {
    return this.#deps.adapter.start({
      deliver: (room, epoch, publications) => this.rooms.deliver(room, epoch, publications),
      restored: () => void this.rooms.check(),
    })
  }

  /** The hub is about to end: new connections should go elsewhere. */
  get isDraining(): boolean {
    return this.#draining
  }

  get connections(): number {
    return this.#connections.size
  }

  now(): number {
    return this.#deps.clock.now()
  }

  /** `kept`, here and below: of a connection that goes on, and hears nothing of it. */
  openEcho(transport: Transport, identity: Identity, kept?: Kept): Connection {
    return this.#open(transport, identity, (connection) => new Echo(connection), kept)
  }

  openPlainChat(transport: Transport, identity: Identity, kept?: Kept): Connection {
    let chat: PlainChat | undefined
    const connection = this.#open(
      transport,
      identity,
      (opened) => {
        chat = new PlainChat(opened, this)
        return chat
      },
      kept,
    )
    if (kept) chat?.restore(kept)
    else chat?.open()
    return connection
  }

  openJson(transport: Transport, identity: Identity, handshake: JsonHandshake, kept?: Kept): Connection {
    if (handshake.session !== undefined && !kept) this.sessions.replace(handshake.session, identity.user.id)
    let json: JsonProtocol | undefined
    const connection = this.#open(
      transport,
      identity,
      (opened) => {
        json = new JsonProtocol(opened, this, handshake.authenticate, kept?.session)
        return json
      },
      kept,
    )
    if (kept) json?.restore(kept)
    else json?.open(handshake.room)
    return connection
  }

  /** Tells `ending` once, when the connection has ended for this hub, at once where it has. Its socket may take longer. */
  whenEnded(connection: Connection, ending: Ending): void {
    if (this.#connections.has(connection)) this.#connections.set(connection, ending)
    else ending.ended()
  }

  /** Publishes to a room, whoever is in it. Fails with `unavailable` where the adapter can't be reached. */
  publish(room: string, draft: Draft): Eventually<Published> {
    return this.bounded(() => this.#deps.adapter.publish(room, draft))
  }

  /** Takes a hold on a room, to be given back by `rooms.exit`. Fails, without a hold, as `publish` does. */
  enter(name: string): Eventually<Room> {
    return attempt(() => this.rooms.enter(name), unavailable)
  }

  /** Where a member begins in a room that it has a hold on. Fails as `publish` does, and then the hold is given back. */
  begin(room: Room, request: StartRequest): Eventually<Start> {
    return attempt(
      () => this.bounded(() => room.start(request)),
      (reason) => {
        this.rooms.exit(room.name)
        return unavailable(reason)
      },
    )
  }

  /** A page of a room's log as the text of its reply. Fails as `publish` does. */
  history(request: HistoryRequest): Eventually<string> {
    return this.bounded(() => readHistory(this.#deps.adapter, request))
  }

  /** Asks the adapter for something. Fails with `unavailable` where it fails, or does not answer within the limit for requests. */
  bounded<T>(ask: () => Eventually<T>): Eventually<T> {
    const { loop, settings } = this.#deps
    return attempt(() => within(loop, settings.limits.request, ask(), tooLate), unavailable)
  }

  /** Waits for an application's hook, as long as a request may take. */
  patient<T>(ask: () => Eventually<T>): Eventually<T> {
    const { loop, settings } = this.#deps
    return within(loop, settings.limits.request, ask(), tooLate)
  }

  /**
   * Tells every client when to connect again, spread evenly over the drain window, so that they don't all come at once.
   * Answers when all that waited has left the process, or after `patience` ms.
   */
  async drain(patience: number): Promise<void> {
    this.#draining = true
    const { drainWindow } = this.settings
    const share = drainWindow / Math.max(1, this.#connections.size)
    let told = 0
    for (const connection of [...this.#connections.keys()]) connection.drain(Math.round(share * told++))
    this.rooms.flush()
    const until = this.now() + patience
    while (this.now() < until && [...this.#connections.keys()].some((connection) => !connection.isFlushed))
      await this.#wait(FLUSH_LOOK)
  }

  /** Closes every connection, after what was handed to its socket, and the adapter. */
  async close(): Promise<void> {
    this.#draining = true
    this.rooms.flush()
    for (const connection of [...this.#connections.keys()]) connection.end(CLOSE.goingAway)
    this.#deadlines.stop()
    this.#deps.fanOut?.close()
    await this.#deps.adapter.close()
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.loop.after(ms, resolve)
    })
  }

  #open(
    transport: Transport,
    identity: Identity,
    speak: (connection: Connection) => Protocol,
    kept: Kept | undefined,
  ): Connection {
    const id = kept?.connection ?? `c_${this.#deps.random.id(12)}`
    const connection = new Connection(id, identity, transport, speak, this.#connectionDeps, kept?.warned)
    this.#connections.set(connection, undefined)
    if (!kept) connection.changed()
    return connection
  }
}

const NEVER: Schedule = { set: () => {}, delete: () => {}, stop: () => {} }

/** What an engine failed with, in words for a client. */
const unavailable = (reason: unknown): RequestError =>
  reason instanceof RequestError
    ? reason
    : new RequestError('unavailable', 'The room can not be reached now; try again')

const tooLate = (): RequestError =>
  new RequestError('unavailable', 'No answer in time: it may or may not have been done; try again, with the same id')

function encoderFor(room: string): Encode {
  const encode = publicationEncoder(room)
  if (room !== PLAIN_CHAT_ROOM) return encode
  return (publication) => (publication.body.kind === 'chat' ? publication.body.content : encode(publication))
}

/** How early a deadline may strike: a tenth of the heartbeat, a second at most. */
const tickOf = ({ heartbeat }: HubSettings): number =>
  Math.max(20, Math.min(1000, Math.round(Math.min(heartbeat.interval, heartbeat.grace) / 10)))
