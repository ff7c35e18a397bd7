import type { Clock } from './clock.ts'
import { CLOSE, type CloseReason } from './close-codes.ts'
import type { Due, Schedule } from './deadlines.ts'
import type { Identity } from './hooks.ts'
import { Inbox, type InboxOwner, type Input } from './inbox.ts'
import type { Kept, KeptByProtocol } from './kept.ts'
import type { Logger } from './logger.ts'
import { Outbox, type OutboxOwner } from './outbox.ts'
import type { Pace } from './pace.ts'
import { type Heartbeat, MAX_FRAME } from './settings.ts'
import { exceedsBytes } from './text.ts'
import type { Transport } from './transport.ts'
import type { Turns } from './turns.ts'

/** ms before the end of an identity at which its connection is warned. */
export const EXPIRY_WARNING = 30_000

/** What a connection speaks: the JSON protocol, the plain chat, echo. Its methods must not throw. */
export interface Protocol {
  /** One text frame, in order. */
  text(text: string): void
  /** One binary frame. */
  binary(): void
  /** Answers a text that waits for nothing, out of order; false: it is none. */
  urgent(text: string): boolean
  /** The identity ends soon. */
  expiring(): void
  /** The server stops; connect again after so many ms. */
  draining(reconnectAfter: number): void
  /** What has to be kept of it where memory may be lost. */
  kept(): KeptByProtocol
  /** The connection has ended: let go of everything. */
  ended(): void
}

export interface ConnectionDeps {
  readonly clock: Clock
  readonly turns: Turns
  readonly pace: Pace
  readonly deadlines: Schedule
  readonly heartbeat: Heartbeat
  readonly log: Logger
  /** Called once, when the connection has ended. */
  readonly ended: (connection: Connection) => void
}

/** The server side of one socket: whose it is, whether it lives, and what waits in and out. What it says is its protocol's business. */
export class Connection implements Due, InboxOwner, OutboxOwner {
  readonly id: string
  readonly outbox: Outbox
  readonly inbox: Inbox
  readonly #deps: ConnectionDeps
  readonly #transport: Transport
  readonly #protocol: Protocol
  #identity: Identity
  #open = true
  #warned: boolean
  #lastSeen: number
  #pinged = false
  #keeping = false

  /** `warned`: of one that goes on, and knows that its identity ends soon. */
  constructor(
    id: string,
    identity: Identity,
    transport: Transport,
    speak: (connection: Connection) => Protocol,
    deps: ConnectionDeps,
    warned = false,
  ) {
    this.id = id
    this.#warned = warned
    this.#identity = identity
    this.#transport = transport
    this.#deps = deps
    this.#lastSeen = transport.heardAt?.() ?? deps.clock.now()
    this.outbox = new Outbox(transport, deps.turns, deps.pace, this)
    this.inbox = new Inbox(transport, this)
    this.#protocol = speak(this)
    this.#schedule()
  }

  get identity(): Identity {
    return this.#identity
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Nothing waits for the peer in this process. */
  get isFlushed(): boolean {
    return this.outbox.isEmpty && this.#transport.buffered() === 0
  }

  /** The same user for longer, or without an end. */
  renew(identity: Identity): void {
    if (!this.#open) return
    this.#identity = identity
    this.#warned = false
    this.#schedule()
    this.changed()
  }

  /** Everything by which it could go on in another process. */
  kept(): Kept {
    const { user, expires } = this.#identity
    const end = expires === undefined ? {} : { expires, ...(this.#warned ? { warned: true } : {}) }
    return { connection: this.id, user, ...end, ...this.#protocol.kept() }
  }

  /** What `kept` answers has changed: the socket is given it at the end of the turn. */
  changed(): void {
    if (!this.#transport.keep || this.#keeping) return
    this.#keeping = true
    this.#deps.turns.atEnd(() => {
      this.#keeping = false
      if (this.#open) this.#transport.keep?.(this.kept())
    })
  }

  /** A text frame from the peer. */
  text(text: string): void {
    if (!this.#open) return
    this.alive()
    if (exceedsBytes(text, MAX_FRAME)) return this.end(CLOSE.tooLarge)
    this.inbox.receive(text)
  }

  /** A binary frame of so many bytes from the peer. */
  binary(bytes: number): void {
    if (!this.#open) return
    this.alive()
    if (bytes > MAX_FRAME) return this.end(CLOSE.tooLarge)
    this.inbox.receive(null)
  }

  /** Any sign of life from the peer. */
  alive(): void {
    this.#lastSeen = this.#deps.clock.now()
    this.#pinged = false
    this.#transport.heard?.()
  }

  /** The peer has read everything up to a place that it was asked about. */
  seen(upTo: number): void {
    if (this.#open) this.#transport.seen?.(upTo)
  }

  /** The socket is closed, by whomever. */
  closed(): void {
    this.#end()
  }

  /** Closes the connection with a code of SPEC.md, after what was handed to the socket. */
  end(why: CloseReason): void {
    if (!this.#open) return
    this.#end()
    this.#transport.close(why.code, why.reason)
  }

  drain(reconnectAfter: number): void {
    if (this.#open) this.#protocol.draining(reconnectAfter)
  }

  due(horizon: number): number | undefined {
    if (!this.#open) return undefined
    this.#checkLife(horizon)
    if (this.#open) this.#checkIdentity()
    return this.#open ? this.#nextDue() : undefined
  }

  handle(input: Input): void {
    if (input === null) this.#protocol.binary()
    else this.#protocol.text(input)
  }

  urgent(input: Input): boolean {
    return input !== null && this.#protocol.urgent(input)
  }

  resumed(): void {
    this.alive()
  }

  unflushed(): number {
    return this.outbox.unflushed
  }

  overloaded(): void {
    this.end(CLOSE.overloaded)
  }

  overflowed(): void {
    this.end(CLOSE.overloaded)
  }

  progressed(): void {
    this.inbox.proceed()
  }

  sendFailed(reason: unknown): void {
    this.#deps.log.debug('a send failed; the connection ends', { connection: this.id, reason })
    if (!this.#open) return
    this.#end()
    this.#transport.close(CLOSE.sendFailed.code, CLOSE.sendFailed.reason)
    this.#transport.terminate()
  }

  #end(): void {
    if (!this.#open) return
    this.#open = false
    this.#deps.deadlines.delete(this)
    this.inbox.close()
    this.#protocol.ended()
    this.outbox.close()
    this.#transport.forget?.()
    this.#deps.ended(this)
  }

  #checkLife(horizon: number): void {
    const patience = this.#patience()
    if (patience === undefined) return
    if (this.inbox.isDeaf && !this.outbox.isHeldUp) this.alive()
    this.#lastSeen = Math.max(this.#lastSeen, this.#transport.heardAt?.() ?? 0)
    const silent = horizon - this.#lastSeen
    if (silent > patience) {
      this.#deps.log.debug('a silent peer is dropped', { connection: this.id })
      this.end(CLOSE.heartbeatTimeout)
      this.#transport.terminate()
    } else if (silent > this.#deps.heartbeat.interval && !this.#pinged) {
      this.#pinged = true
      this.#ping()
    }
  }

  /** ms of silence after which the peer is dropped; undefined: its silence says nothing. */
  #patience(): number | undefined {
    const { interval, grace } = this.#deps.heartbeat
    if (this.#transport.ping) return interval + grace
    // Here it is the peer that pings, by itself: one of its pings may be late, as in a page that nobody looks at.
    return this.#transport.heardAt ? 2 * interval + grace : undefined
  }

  #ping(): void {
    try {
      this.#transport.ping?.()
    } catch (reason) {
      this.sendFailed(reason)
    }
  }

  #checkIdentity(): void {
    const left = this.#timeLeft()
    if (left === undefined) return
    if (left <= 0) this.end(CLOSE.tokenExpired)
    else if (left <= EXPIRY_WARNING && !this.#warned) {
      this.#warned = true
      this.changed()
      this.#protocol.expiring()
    }
  }

  /** ms until the identity ends, by the clock that whoever dated it goes by. */
  #timeLeft(): number | undefined {
    const { expires } = this.#identity
    return expires === undefined ? undefined : expires - this.#deps.clock.wall()
  }

  #nextDue(): number | undefined {
    const times: number[] = []
    const patience = this.#patience()
    if (patience !== undefined) times.push(this.#nextLook(patience))
    const left = this.#timeLeft()
    // The wall clock may be set, or the machine sleep, meanwhile. Not where a look wakes what hibernates: nothing of the kind happens there.
    const most = this.#transport.keep ? Number.POSITIVE_INFINITY : EXPIRY_WARNING
    if (left !== undefined) {
      times.push(this.#deps.clock.now() + Math.min(left - (this.#warned ? 0 : EXPIRY_WARNING), most))
    }
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** The next ping, where the server pings. After it: the end of the peer's time, but no later than the next silence could be due for a ping of its own. */
  #nextLook(patience: number): number {
    const { interval } = this.#deps.heartbeat
    if (!this.#transport.ping) return this.#lastSeen + patience
    return this.#pinged
      ? Math.min(this.#lastSeen + patience, this.#deps.clock.now() + interval)
      : this.#lastSeen + interval
  }

  #schedule(): void {
    const next = this.#nextDue()
    if (next === undefined) this.#deps.deadlines.delete(this)
    else this.#deps.deadlines.set(this, next)
  }
}
