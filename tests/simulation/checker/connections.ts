import type { ClientFrame, Ref, ServerFrame } from '../../../src/core/protocol.ts'
import type { Fact } from '../facts.ts'
import { checkPage } from './history.ts'
import { holds, type Logs } from './logs.ts'
import { Stream } from './stream.ts'
import type { Complain } from './violation.ts'

export interface Asked {
  readonly frame: ClientFrame
  /** When the hub heard it. */
  readonly at: number
}

interface Conn {
  readonly user: string
  readonly asked: Map<Ref, Asked>
  readonly streams: Map<string, Stream>
  isWelcomed: boolean
}

/** ms after which a hub should have heard that a log is another one. */
const HEARSAY = 3000

type Joined = Extract<ServerFrame, { type: 'joined' }>
type Sent = Extract<Fact, { what: 'sent' }>

/** Follows what hubs say on every connection: who is in which room, what answers what, and every room's stream. */
export class Connections {
  readonly #logs: Logs
  readonly #complain: Complain
  readonly #acknowledged: (user: string, asked: Asked, ack: Extract<ServerFrame, { type: 'ack' }>) => void
  readonly #conns = new Map<number, Conn>()

  constructor(
    logs: Logs,
    complain: Complain,
    acknowledged: (user: string, asked: Asked, ack: Extract<ServerFrame, { type: 'ack' }>) => void,
  ) {
    this.#logs = logs
    this.#complain = complain
    this.#acknowledged = acknowledged
  }

  see(fact: Fact): void {
    switch (fact.what) {
      case 'opened':
        this.#conns.set(fact.conn, { user: fact.user, asked: new Map(), streams: new Map(), isWelcomed: false })
        return
      case 'heard':
        if ('ref' in fact.frame && fact.frame.ref !== undefined) {
          this.#conn(fact.conn).asked.set(fact.frame.ref, { frame: fact.frame, at: fact.at })
        }
        return
      case 'sent':
        return this.#sent(fact, this.#conn(fact.conn))
      case 'late':
        return this.#complain('ROOM-2', `sent on connection ${fact.conn} after its end: ${fact.text}`)
      case 'malformed':
        return this.#complain('7.2', `no frame of the protocol (${fact.why}): ${fact.text}`)
    }
  }

  /** Requests that a connection has not been answered. */
  unanswered(conn: number): ClientFrame[] {
    return [...(this.#conns.get(conn)?.asked.values() ?? [])].map(({ frame }) => frame)
  }

  #conn(number: number): Conn {
    const conn = this.#conns.get(number)
    if (!conn) throw new Error(`there is no connection ${number}`)
    return conn
  }

  #sent({ frame }: Sent, conn: Conn): void {
    if (conn.isWelcomed === (frame.type === 'welcome')) this.#complain('WS-1', `${frame.type} as a first word`)
    conn.isWelcomed = true
    const asked = this.#answer(conn, frame)
    switch (frame.type) {
      case 'joined':
        return this.#joined(conn, frame, asked)
      case 'left':
        conn.streams.delete(frame.room)
        return
      case 'chat':
        return this.#stream(conn, frame.room)?.publication(frame, this.#complain)
      case 'event': {
        const content = JSON.stringify([frame.name, frame.data])
        return this.#stream(conn, frame.room)?.publication({ ...frame, content }, this.#complain)
      }
      case 'gap':
        if (frame.missed !== frame.to - frame.from + 1) this.#complain('ROOM-5', `missed is ${frame.missed}`)
        return this.#stream(conn, frame.room)?.gap(frame.from, frame.to, this.#complain)
      case 'reset':
        return this.#stream(conn, frame.room)?.reset(frame.position, this.#complain)
      case 'ack':
        if (asked) this.#acknowledged(conn.user, asked, frame)
        return
      case 'history':
        if (asked?.frame.type === 'history') checkPage(this.#logs, asked.frame, asked.at, frame, this.#complain)
        return
      case 'error':
        if (frame.code === 'internal') this.#complain('HTTP-5', `the server failed: ${frame.message}`)
    }
  }

  /** What a frame answers; every request is answered once, and nothing else is. */
  #answer(conn: Conn, frame: ServerFrame): Asked | undefined {
    if (!('ref' in frame) || frame.ref === undefined) return undefined
    const asked = conn.asked.get(frame.ref)
    if (!asked) this.#complain('WS-7', `${frame.type} answers nothing that was asked: ${frame.ref}`)
    conn.asked.delete(frame.ref)
    return asked
  }

  #stream(conn: Conn, room: string): Stream | undefined {
    const stream = conn.streams.get(room)
    if (!stream) this.#complain('ROOM-2', `something of ${room} for who is not in it`)
    return stream
  }

  #joined(conn: Conn, frame: Joined, asked: Asked | undefined): void {
    const { room, position, recovered } = frame
    const known = conn.streams.get(room)
    const since = asked?.frame.type === 'join' ? asked.frame.since : undefined
    if (known && !saysWhere(asked)) {
      const isThere = known.epoch === position.epoch && known.offset === position.offset
      if (!isThere) this.#complain('WS-12', `joined again at ${JSON.stringify(position)}, but is at ${known.position}`)
      return
    }
    const stream = new Stream(this.#logs, room, position, this.#complain)
    conn.streams.set(room, stream)
    if (!since) {
      if (recovered) this.#complain('guarantee 4', `recovered in ${room}, but there was nothing to recover`)
      return
    }
    if (recovered) {
      const isThere = since.epoch === position.epoch && since.offset === position.offset && since.id === position.id
      if (!isThere) this.#complain('guarantee 4', `recovered in ${room}, but not at ${JSON.stringify(since)}`)
    } else if (asked && this.#isIntact(room, since, asked.at)) {
      this.#complain('guarantee 4', `not recovered in ${room}, though the log has all since ${JSON.stringify(since)}`)
    }
  }

  /** Whether the log has held this position, and all that came after it, for so long before `from` that every hub knows it. */
  #isIntact(room: string, since: Joined['position'], from: number): boolean {
    const current = this.#logs.current(room)
    if (!current || (this.#logs.hasChanged(room) && current.began + HEARSAY >= from)) return false
    if (current.floor > since.offset || current.epoch !== since.epoch) return false
    const entry = this.#logs.at(room, since)
    return since.offset === 0 || (entry !== undefined && holds(current, entry))
  }
}

/** A \`join\` that says where to begin, and so begins anew where one is in the room already. */
const saysWhere = (asked: Asked | undefined): boolean =>
  asked?.frame.type === 'join' && Boolean(asked.frame.since ?? asked.frame.history)
