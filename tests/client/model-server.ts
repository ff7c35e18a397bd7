/** A small server that keeps the promises of SPEC.md, over connections that may end between any two frames. */
import type { StreamPosition } from '../../src/core/protocol.ts'
import { type FakeSocket, type Sent, WELCOME } from './fake-platform.ts'

interface Stored {
  readonly offset: number
  readonly id: string
  readonly content: string
  readonly clientId?: string
}

interface Log {
  epoch: string
  entries: Stored[]
  /** The last one that was evicted. */
  floor: { readonly offset: number; readonly id?: string }
  /** Where the publications of a client's ids stand. */
  readonly known: Map<string, StreamPosition>
}

/** One connection: what the client sent and is not handled, what waits for the client. */
export class ModelConnection {
  readonly socket: FakeSocket
  readonly members = new Set<string>()
  readonly #server: ModelServer
  #handled = 0
  #waiting: object[] = []

  constructor(server: ModelServer, socket: FakeSocket) {
    this.#server = server
    this.socket = socket
    socket.accept()
    this.send({ ...WELCOME, session: `s${server.connections.length}` })
  }

  get isOpen(): boolean {
    return this.socket.readyState === 1
  }

  get isQuiet(): boolean {
    return this.#waiting.length === 0 && this.#handled === this.socket.texts.length
  }

  send(frame: object): void {
    this.#waiting.push(frame)
  }

  /** Handles up to `count` frames of the client. */
  serve(count: number): void {
    for (let i = 0; i < count && this.isOpen && this.#handled < this.socket.texts.length; i++) {
      const frame: Sent = JSON.parse(this.socket.texts[this.#handled++] ?? '')
      this.#server.handle(this, frame)
    }
  }

  /** Brings up to `count` frames to the client, several in a frame. */
  deliver(count: number): void {
    const frames = this.#waiting.splice(0, count)
    if (this.isOpen && frames.length > 0) this.socket.say(...frames)
  }

  cut(code: number): void {
    this.#waiting = []
    if (this.socket.readyState < 3) this.socket.end(code)
  }
}

export class ModelServer {
  readonly connections: ModelConnection[] = []
  readonly logs = new Map<string, Log>()
  /** How many of the next requests are refused for the time being, done or not. */
  refusals: ('before' | 'after')[] = []
  #ids = 0

  log(room: string): Log {
    const log = this.logs.get(room) ?? { epoch: 'e1', entries: [], floor: { offset: 0 }, known: new Map() }
    this.logs.set(room, log)
    return log
  }

  connect(socket: FakeSocket): ModelConnection {
    const connection = new ModelConnection(this, socket)
    this.connections.push(connection)
    return connection
  }

  append(room: string, content: string, clientId?: string): StreamPosition {
    const log = this.log(room)
    const stored = {
      offset: this.#head(log).offset + 1,
      id: `m${++this.#ids}`,
      content,
      ...(clientId === undefined ? {} : { clientId }),
    }
    log.entries.push(stored)
    for (const connection of this.connections) {
      if (connection.isOpen && connection.members.has(room)) connection.send(this.#frame(room, stored))
    }
    return { epoch: log.epoch, offset: stored.offset, id: stored.id }
  }

  evict(room: string, count: number): void {
    const log = this.log(room)
    const gone = log.entries.splice(0, count).at(-1)
    if (gone) log.floor = { offset: gone.offset, id: gone.id }
  }

  /** The log is lost, and another one begun. */
  lose(room: string, reason: string): void {
    const log = this.log(room)
    log.epoch = `${log.epoch}+`
    log.entries = []
    log.floor = { offset: 0 }
    for (const connection of this.connections) {
      if (!connection.members.has(room)) continue
      connection.send({ type: 'reset', room, position: { epoch: log.epoch, offset: 0 }, reason })
    }
  }

  handle(connection: ModelConnection, frame: Sent): void {
    const { type, ref, room = '' } = frame
    if (type === 'ping') return connection.send({ type: 'pong' })
    const refusal = this.refusals.shift()
    const refuse = (): void =>
      connection.send({ type: 'error', ref, code: 'unavailable', message: 'not now', retryable: true })
    if (refusal === 'before') return refuse()
    if (type === 'join') return this.#join(connection, frame)
    if (type === 'leave') {
      connection.members.delete(room)
      return connection.send({ type: 'left', ref, room })
    }
    if (!connection.members.has(room)) {
      return connection.send({ type: 'error', ref, code: 'not_joined', message: 'join first', retryable: false })
    }
    const { id = '', content = '' } = frame
    const log = this.log(room)
    const before = log.known.get(id)
    const position = before ?? this.append(room, content, id)
    log.known.set(id, position)
    if (refusal === 'after') return refuse()
    connection.send({ type: 'ack', ref, room, duplicate: before !== undefined, position })
  }

  #join(connection: ModelConnection, { ref, room = '', since, history = 0 }: Sent): void {
    const log = this.log(room)
    const found = this.#find(log, since)
    const newest = log.entries.at(-history - 1)
    const begin = history === 0 ? this.#head(log) : (newest ?? log.floor)
    const { offset, id } = found ?? begin
    const position = { epoch: log.epoch, offset, ...(id === undefined ? {} : { id }) }
    connection.members.add(room)
    connection.send({ type: 'joined', ref, room, position, recovered: found !== undefined })
    for (const stored of log.entries) if (stored.offset > offset) connection.send(this.#frame(room, stored))
  }

  #find(log: Log, since: unknown): { readonly offset: number; readonly id?: string } | undefined {
    const places = [log.floor, ...log.entries]
    return places.find(
      ({ offset, ...place }) =>
        JSON.stringify(since) ===
        JSON.stringify({
          epoch: log.epoch,
          offset,
          ...('id' in place && place.id !== undefined ? { id: place.id } : {}),
        }),
    )
  }

  #head(log: Log): { readonly offset: number; readonly id?: string } {
    return log.entries.at(-1) ?? log.floor
  }

  #frame(room: string, { offset, id, content, clientId }: Stored): object {
    return {
      type: 'chat',
      room,
      offset,
      id,
      from: { id: clientId === undefined ? 'jun' : 'ann', name: '' },
      time: 1,
      content,
      ...(clientId === undefined ? {} : { clientId }),
    }
  }
}
