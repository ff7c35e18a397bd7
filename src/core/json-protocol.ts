import type { Draft, Published } from './broadcast-adapter.ts'
import { CLOSE } from './close-codes.ts'
import { type BadFrame, decode, encode, encodeError } from './codec.ts'
import type { Connection, Protocol } from './connection.ts'
import { RequestError } from './errors.ts'
import { chain, type Eventually, settle } from './eventually.ts'
import type { Identity } from './hooks.ts'
import type { Hub } from './hub.ts'
import { MAX_PENDING } from './inbox.ts'
import type { Kept, KeptByProtocol } from './kept.ts'
import { Lanes } from './lanes.ts'
import { Memberships } from './memberships.ts'
import { runPending } from './pending.ts'
import type {
  ClientFrame,
  ErrorCode,
  HistoryRequest,
  PublishFrame,
  Ref,
  ServerFrame,
  StreamPosition,
} from './protocol.ts'
import { RateLimit } from './rate.ts'
import type { StartRequest } from './start.ts'
import { exceedsBytes } from './text.ts'

/** Checks a token that renews a connection's identity, which is `current`; undefined: not a good one. */
export type Authenticate = (token: string, current: Identity) => Eventually<Identity | undefined>

type Frame<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>

/** Characters that a `ping` with a `ref`, or a `seen`, has at most, with some blanks. */
const MAX_URGENT = 128

/** The lane of requests that concern the connection and no room. No room has an empty name. */
const OWN_LANE = ''

/** The JSON protocol of SPEC.md section 7, the server's side of one connection: parse, then apply. */
export class JsonProtocol implements Protocol {
  readonly #connection: Connection
  readonly #hub: Hub
  readonly #authenticate: Authenticate
  readonly #memberships: Memberships
  readonly #lanes = new Lanes()
  /** Made with the first publish. */
  #rate: RateLimit | undefined
  readonly #session: string
  #badFrames = 0

  /** `session`: of a connection that goes on. */
  constructor(connection: Connection, hub: Hub, authenticate: Authenticate, session?: string) {
    this.#connection = connection
    this.#hub = hub
    this.#authenticate = authenticate
    this.#memberships = new Memberships(connection, hub)
    this.#session = session ?? hub.sessions.begin(connection)
    if (session !== undefined) hub.sessions.restore(session, connection)
  }

  /** Goes on where the connection was before memory was lost. What is asked of a room meanwhile waits until that is done. */
  restore({ rooms }: Kept): void {
    for (const kept of rooms) this.#lanes.run(kept.room, () => this.#memberships.restore(kept))
  }

  kept(): KeptByProtocol {
    return { session: this.#session, rooms: this.#memberships.kept() }
  }

  /** Says `welcome`, and joins the room that the handshake asked for. */
  open(room: string | undefined): void {
    const { limits, heartbeat, drainWindow } = this.#hub.settings
    this.#send({
      type: 'welcome',
      connection: this.#connection.id,
      user: this.#connection.identity.user,
      heartbeat: heartbeat.interval,
      limits: { message: limits.message, room: limits.roomName, rooms: limits.rooms, pending: MAX_PENDING },
      reconnect: { after: 0, window: drainWindow },
      session: this.#session,
    })
    if (room !== undefined) this.#apply({ type: 'join', room })
  }

  text(text: string): void {
    const { limits } = this.#hub.settings
    if (exceedsBytes(text, limits.message)) {
      return this.#bad({ code: 'message_too_large', message: `A message has at most ${limits.message} bytes` })
    }
    const decoded = decode(text)
    if (!decoded.ok) return this.#bad(decoded.bad)
    this.#badFrames = 0
    this.#apply(decoded.frame)
  }

  urgent(text: string): boolean {
    // The cheap look first: under load most of what waits is neither.
    if (text.length > MAX_URGENT || !(text.includes('"ping"') || text.includes('"seen"'))) return false
    const decoded = decode(text)
    return decoded.ok && this.#applyUrgent(decoded.frame)
  }

  #applyUrgent(frame: ClientFrame): boolean {
    const { outbox } = this.#connection
    // What waits may wait for just this.
    if (frame.type === 'seen') this.#connection.seen(frame.upTo)
    // Where its pong has to wait, one is enough: every other place is kept for the reply to a request.
    else if (frame.type === 'ping' && outbox.pushes === 0) outbox.push(encode(pongTo(frame)))
    else return false
    return true
  }

  binary(): void {
    this.#bad({ code: 'binary_unsupported', message: 'Send text frames' })
  }

  expiring(): void {
    const warning = { code: 'token_expiring', message: 'The token runs out soon: send auth with a new one' } as const
    this.#connection.outbox.push(encodeError(warning))
  }

  draining(reconnectAfter: number): void {
    this.#connection.outbox.push(encode({ type: 'drain', reconnectAfter }))
  }

  ended(): void {
    this.#hub.sessions.end(this.#session)
    this.#lanes.close()
    this.#memberships.close()
  }

  #apply(frame: ClientFrame): void {
    switch (frame.type) {
      case 'ping':
        return this.#send(pongTo(frame))
      case 'seen':
        return this.#connection.seen(frame.upTo)
      case 'auth':
        return this.#run(OWN_LANE, frame.ref, undefined, () => this.#renew(frame))
      case 'join':
        return this.#join(frame)
      case 'leave':
        return this.#leave(frame)
      case 'history':
        return this.#history(frame)
      case 'chat':
      case 'event':
        return this.#publish(frame)
    }
  }

  #join(frame: Frame<'join'>): void {
    const { room, ref } = frame
    const refusal = this.#memberships.intend(room)
    if (refusal) return this.#error({ ...refusal, ...withRef(ref) }, room)
    const undo = (): void => this.#memberships.abandon(room)
    this.#run(
      room,
      ref,
      room,
      () => this.#memberships.join(room, startOf(frame), (joined) => this.#send({ ...joined, ...withRef(ref) })),
      undo,
    )
  }

  #leave({ room, ref }: Frame<'leave'>): void {
    if (!this.#memberships.release(room)) {
      return this.#error({ code: 'not_joined', message: 'Not in this room', ...withRef(ref) }, room)
    }
    this.#run(room, ref, room, () => {
      this.#memberships.leave(room)
      this.#send({ type: 'left', ...withRef(ref), room })
    })
  }

  #history(frame: HistoryRequest): void {
    const { room, ref } = frame
    const target = this.#memberships.target(room)
    if (typeof target !== 'string') return this.#error({ ...target, ...withRef(ref) }, room)
    this.#run(room, ref, room, () => this.#memberships.history(frame))
  }

  #publish(frame: PublishFrame): void {
    const { ref } = frame
    const target = this.#memberships.target(frame.room)
    if (typeof target !== 'string') return this.#error({ ...target, ...withRef(ref) }, frame.room)
    const { publishRate } = this.#hub.settings.limits
    this.#rate ??= new RateLimit(publishRate)
    if (!this.#rate.take(this.#hub.now())) {
      const message = `At most ${publishRate} publishes a second`
      return this.#error({ code: 'rate_limited', message, ...withRef(ref) }, target)
    }
    this.#run(target, ref, target, () =>
      chain(this.#memberships.publish(target, draftOf(frame, this.#connection.identity)), (published) => {
        if (ref !== undefined) this.#send(ackOf(ref, target, published))
      }),
    )
  }

  #renew({ token, ref }: Frame<'auth'>): Eventually<void> {
    return chain(
      this.#hub.patient(() => this.#authenticate(token, this.#connection.identity)),
      (identity) => {
        if (!identity) throw new RequestError('invalid_token', 'Invalid token', 'token')
        if (identity.user.id !== this.#connection.identity.user.id) {
          throw new RequestError(
            'subject_mismatch',
            'This token is of another user: open a connection of its own',
            'token',
          )
        }
        this.#connection.renew(identity)
        const { expires } = identity
        if (ref !== undefined) this.#send({ type: 'ack', ref, ...(expires === undefined ? {} : { expires }) })
      },
    )
  }

  /** Runs a request in order with the others of its lane, and answers for its failure. */
  #run(
    lane: string,
    ref: Ref | undefined,
    room: string | undefined,
    request: () => Eventually<void>,
    undo?: () => void,
  ): void {
    const failed = (reason: unknown): void => {
      undo?.()
      this.#error({ ...this.#describe(reason), ...withRef(ref) }, room)
    }
    runPending(this.#connection.inbox, this.#lanes, lane, () => settle(request, () => {}, failed))
  }

  #describe(reason: unknown): { code: ErrorCode; message: string; path?: string } {
    if (reason instanceof RequestError) {
      const { code, message, path } = reason
      return { code, message, ...(path === undefined ? {} : { path }) }
    }
    this.#hub.log.error('a request failed', { connection: this.#connection.id, reason })
    return { code: 'internal', message: 'The server failed on this request; it may or may not have been done' }
  }

  #bad(bad: BadFrame): void {
    this.#error(bad)
    if (++this.#badFrames >= this.#hub.settings.limits.badFrames) this.#connection.end(CLOSE.badFrames)
  }

  #error(bad: BadFrame, room?: string): void {
    this.#connection.outbox.reply(encodeError(bad, room))
  }

  #send(frame: ServerFrame): void {
    this.#connection.outbox.reply(encode(frame))
  }
}

const withRef = (ref: Ref | undefined): { ref?: Ref } => (ref === undefined ? {} : { ref })

const pongTo = ({ ref }: Frame<'ping'>): ServerFrame => ({ type: 'pong', ...withRef(ref) })

const startOf = ({ since, history }: Frame<'join'>): StartRequest => ({
  ...(since === undefined ? {} : { since: markedPosition(since) }),
  ...(history === undefined ? {} : { history }),
})

/** At offset 0 there is no publication, and so no id. */
const markedPosition = ({ epoch, offset, id }: StreamPosition): StreamPosition =>
  offset === 0 || id === undefined ? { epoch, offset } : { epoch, offset, id }

function draftOf(frame: PublishFrame, { user }: Identity): Draft {
  const { id, age, transient } = frame
  return {
    from: user,
    body:
      frame.type === 'chat'
        ? { kind: 'chat', content: frame.content }
        : { kind: 'event', name: frame.name, data: frame.data },
    ...(id === undefined ? {} : { clientId: id }),
    ...(age === undefined ? {} : { age }),
    ...(transient === undefined ? {} : { transient }),
  }
}

const ackOf = (ref: Ref, room: string, { position, duplicate }: Published): ServerFrame => ({
  type: 'ack',
  ref,
  room,
  ...(position === undefined ? {} : { position }),
  duplicate,
})
