import { mayReconnect } from '../core/close-codes.ts'
import type { Subprotocol } from '../core/protocol.ts'
import { backoff } from './backoff.ts'
import { type Closed, type ConnectionState, closedBy, type Why } from './connection-state.ts'
import type { Environment } from './environment.ts'
import { readFrame, type ServerFrame } from './frames.ts'
import { Liveness } from './liveness.ts'
import { Observable } from './observable.ts'
import { openSocket, type Socket, type SocketConstructor } from './socket.ts'
import { fetchToken, type Token } from './token.ts'
import { Wire } from './wire.ts'

type Frame<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>

/** ms for a token to come, and again for a connection to be made, `welcome` included. */
const PATIENCE = 10_000
/** A connection that held for so many ms makes the next wait short again. */
const STABLE = 10_000
/** ms between two attempts at least, however often the network is said to be back. */
const LEAST_BETWEEN = 1000
/** No server can ask for a longer wait. In ms. */
const LONGEST_WAIT = 300_000

const SUBPROTOCOLS = ['parlor.v1.batch', 'parlor.v1'] as const satisfies readonly Subprotocol[]
const PING = '{"type":"ping"}'

export interface LinkOptions {
  readonly address: URL
  readonly token: Token | undefined
  readonly tokenIn: 'query' | 'subprotocol'
  readonly WebSocket: SocketConstructor
  readonly env: Environment
}

export interface LinkEvents {
  readonly opened: (wire: Wire) => void
  /** What `opened` gave is gone, where there was something. */
  readonly lost: () => void
  /** A frame that answers no request. */
  readonly received: (frame: ServerFrame) => unknown
  /** There will be no connection any more. */
  readonly closed: (state: Closed) => void
  /** Something came that this client can't make sense of. */
  readonly confused: (what: string, text: string) => void
}

/** What there is of a connection: at most one of each, and nothing of an older one. */
type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'fetching' }
  | { readonly kind: 'opening'; readonly socket: Socket }
  | {
      readonly kind: 'open'
      readonly socket: Socket
      readonly wire: Wire
      readonly liveness: Liveness
      readonly since: number
    }

/** A connection that comes back: one socket after the other, as SPEC.md says when. */
export class Link {
  readonly state: Observable<ConnectionState>
  readonly #options: LinkOptions
  readonly #env: Environment
  readonly #events: LinkEvents
  readonly #stopWaking: () => void
  #phase: Phase = { kind: 'idle' }
  /** Attempts since a connection held. */
  #attempt = 0
  #begunAt = Number.NEGATIVE_INFINITY
  #session: string | undefined
  #reconnect = { after: 0, window: 0 }
  /** When to come back to a server that stops, by the monotonic clock. */
  #drainedUntil: number | undefined
  #cancel = (): void => {}

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options
    this.#env = options.env
    this.#events = events
    this.state = new Observable<ConnectionState>({ kind: 'connecting', attempt: 1 }, this.#env.report)
    this.#stopWaking = this.#env.onWake(() => this.#woken())
    this.#connect()
  }

  /** Connects at once where it would wait. */
  retry(): void {
    if (this.state.value.kind === 'waiting') this.#connect()
  }

  close(state: Closed): void {
    if (this.state.value.kind === 'closed') return
    this.#stopWaking()
    this.state.put(state)
    this.#drop()
    this.#events.closed(state)
    this.state.tell()
  }

  #connect(): void {
    this.#drop()
    this.#attempt++
    this.#begunAt = this.#env.monotonic()
    const phase: Phase = { kind: 'fetching' }
    this.#phase = phase
    const { token } = this.#options
    const failed = (error: unknown): void => {
      if (this.#phase === phase) this.#lost({ kind: 'token', error })
    }
    this.#plan(PATIENCE, () => failed(new Error('No token in time')))
    void fetchToken(token).then((found) => {
      if (this.#phase === phase) this.#open(found)
    }, failed)
    this.state.set({ kind: 'connecting', attempt: this.#attempt })
  }

  #open(token: string | undefined): void {
    this.#plan(PATIENCE, () => this.#lost({ kind: 'unreachable', code: 1006, reason: 'timeout' }))
    const { WebSocket, tokenIn } = this.#options
    const protocols: string[] = [...SUBPROTOCOLS]
    if (token !== undefined && tokenIn === 'subprotocol') protocols.push(`bearer.${token}`)
    try {
      const socket = openSocket(WebSocket, this.#addressWith(token), protocols, {
        text: (text) => this.#text(text),
        binary: () => this.#events.confused('binary', ''),
        closed: (code, reason) => this.#closed(code, reason),
      })
      this.#phase = { kind: 'opening', socket }
    } catch (error) {
      this.#lost({ kind: 'unreachable', code: 1006, reason: String(error) })
    }
  }

  #addressWith(token: string | undefined): string {
    const { address, tokenIn } = this.#options
    const url = new URL(address)
    if (token !== undefined && tokenIn === 'query') url.searchParams.set('token', token)
    if (this.#session !== undefined) url.searchParams.set('session', this.#session)
    return url.href
  }

  #text(text: string): void {
    const phase = this.#phase
    if (phase.kind === 'open') phase.liveness.heard()
    const frame = readFrame(text)
    if (!frame) return this.#events.confused('unknown frame', text)
    if (phase.kind === 'opening' && frame.type === 'welcome') return this.#welcomed(phase.socket, frame)
    if (phase.kind !== 'open') return
    // All that came before it has been handled.
    if (frame.type === 'seen') phase.socket.send(text)
    else if ('ref' in frame && frame.ref !== undefined) {
      if (!phase.wire.answer(frame.ref, frame)) this.#events.confused('answer to nothing', text)
    } else if (frame.type === 'drain') this.#draining(frame)
    else if (frame.type !== 'error') this.#events.received(frame)
    else if (frame.code === 'token_expiring' && typeof this.#options.token === 'function') this.#renew(phase.wire)
    else this.#events.confused(frame.message, text)
  }

  #welcomed(socket: Socket, welcome: Frame<'welcome'>): void {
    this.#cancel()
    const { connection, user, heartbeat, limits, reconnect, session } = welcome
    const wire = new Wire(socket, { user, ...limits })
    const liveness = new Liveness(
      this.#env,
      heartbeat,
      () => socket.send(PING),
      () => this.#lost({ kind: 'silent' }),
    )
    this.#phase = { kind: 'open', socket, wire, liveness, since: this.#env.monotonic() }
    this.#session = session
    this.#reconnect = reconnect
    this.state.put({ kind: 'open', connection, user })
    this.#events.opened(wire)
    this.state.tell()
  }

  /** The server stops: this connection serves until then, the next one is made when it is wanted. */
  #draining({ reconnectAfter }: Frame<'drain'>): void {
    const wait = clamp(reconnectAfter)
    this.#drainedUntil = this.#env.monotonic() + wait
    this.#plan(wait, () => this.#lost({ kind: 'draining' }))
  }

  #renew(wire: Wire): void {
    const phase = this.#phase
    const answered = (reply: ServerFrame): void => {
      if (reply.type === 'error') this.#events.confused(reply.message, '')
    }
    void fetchToken(this.#options.token).then(
      (token) => wire.ask({ type: 'auth', token }, { answered, lost() {} }),
      // The connection ends with 4100, and the next one asks again.
      (error) => this.#phase === phase && this.#env.report(error),
    )
  }

  /** The socket was closed by the other side, or never opened. */
  #closed(code: number, reason: string): void {
    if (!mayReconnect(code) || (code === 4100 && typeof this.#options.token === 'string')) {
      return this.close(closedBy(code, reason))
    }
    this.#lost({ kind: this.#phase.kind === 'open' ? 'lost' : 'unreachable', code, reason })
  }

  /** There is no connection, or not any more: another one is made later, and after a `drain` when that said, however it ended. */
  #lost(how: Why): void {
    const phase = this.#phase
    const why: Why = this.#drainedUntil === undefined ? how : { kind: 'draining' }
    if (phase.kind === 'open' && this.#env.monotonic() - phase.since >= STABLE) this.#attempt = 0
    const delay = this.#delay(why)
    this.#drop()
    this.state.put({ kind: 'waiting', until: this.#env.now() + delay, attempt: this.#attempt + 1, why })
    this.#plan(delay, () => this.#connect())
    this.#events.lost()
    this.state.tell()
  }

  /** ms until the next attempt. */
  #delay(why: Why): number {
    const { after, window } = this.#reconnect
    const failures = Math.max(1, this.#attempt)
    const random = this.#env.random()
    if (this.#drainedUntil !== undefined) {
      const asked = this.#drainedUntil - this.#env.monotonic()
      return Math.max(0, asked, this.#attempt === 0 ? 0 : backoff(failures, random))
    }
    // What has to do with this side alone says nothing about the server: there is no crowd to spread.
    if (why.kind === 'silent' || why.kind === 'token') return backoff(failures, random)
    return clamp(after) + backoff(failures, random, clamp(window))
  }

  #woken(): void {
    const { value } = this.state
    if (this.#phase.kind === 'open') return this.#phase.liveness.check()
    if (value.kind !== 'waiting' || value.why.kind === 'draining') return
    const wait = this.#begunAt + LEAST_BETWEEN - this.#env.monotonic()
    if (wait > 0) this.#plan(wait, () => this.#connect())
    else this.#connect()
  }

  /** At most one thing is planned at a time. */
  #plan(ms: number, task: () => void): void {
    this.#cancel()
    this.#cancel = this.#env.after(ms, task)
  }

  #drop(): void {
    const phase = this.#phase
    this.#phase = { kind: 'idle' }
    this.#cancel()
    this.#drainedUntil = undefined
    if (phase.kind === 'open') {
      phase.liveness.stop()
      phase.wire.close()
    }
    if ('socket' in phase) phase.socket.drop()
  }
}

const clamp = (ms: number): number => Math.min(Math.max(0, ms), LONGEST_WAIT)
