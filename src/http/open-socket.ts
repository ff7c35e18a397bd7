import type { WSContext, WSEvents } from 'hono/ws'
import { CLOSE } from '../core/close-codes.ts'
import type { Connection } from '../core/connection.ts'
import type { Identity } from '../core/hooks.ts'
import type { Hub } from '../core/hub.ts'
import type { Kept } from '../core/kept.ts'
import type { Transport } from '../core/transport.ts'
import type { Admission } from './admission.ts'
import type { Authenticator } from './auth.ts'
import type { Asked, Route } from './routes.ts'
import type { SocketListener, TransportWish } from './runtime.ts'

const CLOSED = 3

/** What a socket's connection is made of, beside the socket. */
export interface Opening {
  readonly route: Route
  readonly identity: Identity
  readonly asked: Asked
  readonly address: string | undefined
  /** Of the subprotocols offered, where the platform does not say which one was agreed to. */
  readonly picked: string | undefined
  readonly transport: (ws: WSContext, wish: TransportWish) => Transport
}

export interface OpenSocketDeps {
  readonly hub: Hub
  readonly authenticate: Authenticator
  readonly admission: Admission
}

/**
 * Where a socket and its connection meet. What a connection throws stays here: on some runtimes it would end the process.
 * What the handshake brought is let go of once the socket has opened.
 */
export class OpenSocket implements SocketListener {
  readonly #deps: OpenSocketDeps
  readonly #address: string | undefined
  #opening: Opening | undefined
  #connection: Connection | undefined
  #isCounted = false

  constructor(deps: OpenSocketDeps, opening: Opening) {
    this.#deps = deps
    this.#address = opening.address
    this.#opening = opening
  }

  /** The socket has opened: it gets a connection, or is closed where there is no place for it any more. */
  opened(ws: WSContext): void {
    const { hub, admission } = this.#deps
    const { route, identity } = this.#opening ?? {}
    const address = this.#address
    // Its peer went away in mid-handshake.
    if (ws.readyState === CLOSED) return
    if (admission.refusal(address)) return ws.close(CLOSE.tooManyConnections.code, CLOSE.tooManyConnections.reason)
    // Auth may have taken longer than the hub lived.
    if (hub.isDraining) return ws.close(CLOSE.goingAway.code, CLOSE.goingAway.reason)
    this.open(ws)
    const connection = this.#connection?.id
    if (connection)
      hub.log.debug('connection opened', { connection, route: route?.name, user: identity?.user.id, address })
  }

  /** Makes the connection, whatever else is there. `kept`: of one that goes on. */
  open(ws: WSContext, kept?: Kept): void {
    const opening = this.#opening
    if (!opening) return
    this.#opening = undefined
    this.#deps.admission.enter(this.#address)
    this.#isCounted = true
    try {
      this.#connection = this.#connect(ws, opening, kept)
      this.#deps.hub.whenEnded(this.#connection, this)
    } catch (reason) {
      this.#failed(reason)
      if (!this.#connection) ws.close(CLOSE.internal.code, CLOSE.internal.reason)
    }
  }

  text(text: string): void {
    try {
      this.#connection?.text(text)
    } catch (reason) {
      this.#failed(reason)
    }
  }

  binary(bytes: number): void {
    try {
      this.#connection?.binary(bytes)
    } catch (reason) {
      this.#failed(reason)
    }
  }

  alive(): void {
    this.#connection?.alive()
  }

  closed(): void {
    const connection = this.#connection
    if (!connection) return
    this.#connection = undefined
    try {
      connection.closed()
    } catch (reason) {
      this.#failed(reason)
    }
    this.#deps.hub.log.debug('connection closed', { connection: connection.id })
  }

  /** Gives the connection's place back with its end, whatever becomes of its socket: a peer that answers no close frame may keep that for long. */
  ended(): void {
    if (this.#isCounted) this.#deps.admission.exit(this.#address)
    this.#isCounted = false
  }

  #connect(ws: WSContext, { route, identity, asked, picked, transport }: Opening, kept?: Kept): Connection {
    // What went into the handshake's answer, where the platform says so.
    const agreed = route.speaksProtocol ? (ws.protocol ?? picked) : undefined
    const wish = { agreed: Boolean(agreed), joined: agreed === 'parlor.v1.batch', listener: this }
    return route.open(this.#deps.hub, transport(ws, wish), identity, asked, this.#deps.authenticate, kept)
  }

  #failed(reason: unknown): void {
    const connection = this.#connection
    this.#deps.hub.log.error('a connection failed', { connection: connection?.id, reason })
    if (connection) connection.end(CLOSE.internal)
    else this.ended()
  }
}

/** The events of Hono's helper, told to `socket`. */
export const eventsOf = (socket: OpenSocket): WSEvents => ({
  onOpen: (_event, ws) => socket.opened(ws),
  onMessage: ({ data }) => (typeof data === 'string' ? socket.text(data) : socket.binary(sizeOf(data))),
  onClose: () => socket.closed(),
  onError: () => socket.closed(),
})

const sizeOf = (data: Blob | ArrayBufferLike): number => (data instanceof Blob ? data.size : data.byteLength)
