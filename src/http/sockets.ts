import type { Context } from 'hono'
import type { WSContext, WSEvents } from 'hono/ws'
import { CLOSE } from '../core/close-codes.ts'
import type { Connection } from '../core/connection.ts'
import type { Identity } from '../core/hooks.ts'
import type { Hub } from '../core/hub.ts'
import type { Kept } from '../core/kept.ts'
import type { Transport } from '../core/transport.ts'
import { Admission } from './admission.ts'
import { type Authenticator, offeredProtocols } from './auth.ts'
import { pass } from './gate.ts'
import type { Runtime, TransportWish } from './runtime.ts'
import { pickSubprotocol } from './subprotocol.ts'

export interface SocketDeps {
  readonly runtime: Runtime
  readonly hub: Hub
  readonly authenticate: Authenticator
  readonly allowedOrigins: readonly string[]
  /** Settled when the hub hears its adapter, or never will. */
  readonly ready: Promise<unknown>
}

/** What the address of a handshake asks for. */
export interface Asked {
  readonly room?: string
  readonly session?: string
}

/** What a socket route speaks. */
export interface Route {
  readonly name: string
  /** It speaks the JSON protocol: its peers may agree to a subprotocol. */
  readonly speaksProtocol: boolean
  /** Makes a connection of a socket that has opened. `kept`: of one that goes on. */
  open(
    hub: Hub,
    transport: Transport,
    identity: Identity,
    asked: Asked,
    authenticate: Authenticator,
    kept?: Kept,
  ): Connection
}

export const echoRoute: Route = {
  name: 'echo',
  speaksProtocol: false,
  open: (hub, transport, identity, _asked, _authenticate, kept) => hub.openEcho(transport, identity, kept),
}

export const chatRoute: Route = {
  name: 'chat',
  speaksProtocol: false,
  open: (hub, transport, identity, _asked, _authenticate, kept) => hub.openPlainChat(transport, identity, kept),
}

export const jsonRoute: Route = {
  name: 'ws',
  speaksProtocol: true,
  open: (hub, transport, identity, asked, authenticate, kept) =>
    hub.openJson(transport, identity, { authenticate: (token) => authenticate.renew(token, identity), ...asked }, kept),
}

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

export interface Sockets {
  /** The handler of a route: everything that has to be in order before the upgrade, and the upgrade. */
  handler(route: Route): (c: Context) => Promise<Response>
  /** The events of a socket whose connection goes on as it was kept, though nothing else of it is left in memory. */
  revive(ws: WSContext, opening: Opening, kept: Kept): WSEvents
}

export function socketRoutes(deps: SocketDeps): Sockets {
  const { hub, runtime, authenticate, allowedOrigins, ready } = deps
  const admission = new Admission(hub.settings.limits)
  return {
    handler: (route) => async (c) => {
      if (hub.isDraining) return c.text('The server is stopping', 503, { 'Retry-After': '5' })
      const identity = await pass({ authenticate, allowedOrigins, log: hub.log }, c)
      if (identity instanceof Response) return identity
      const address = runtime.address(c)
      const refused = admission.refusal(address)
      if (refused) return c.text(refused.text, refused.status, { 'Retry-After': '5' })
      await ready
      const picked = pickSubprotocol(offeredProtocols(c.req.header('sec-websocket-protocol')))
      const transport: Opening['transport'] = (ws, wish) => runtime.transport(ws, c, wish)
      const opening = { route, identity, asked: askedOf(c), address, picked, transport }
      return runtime.upgradeWebSocket(c, eventsOf(deps, admission, opening).events)
    },
    revive: (ws, opening, kept) => {
      const { events, open } = eventsOf(deps, admission, opening)
      open(ws, kept)
      return events
    },
  }
}

function askedOf(c: Context): Asked {
  const room = c.req.query('room')
  const session = c.req.query('session')
  return { ...(room === undefined ? {} : { room }), ...(session === undefined ? {} : { session }) }
}

/** The socket's events, made into a connection's. What they throw stays here: on some runtimes it would end the process. */
function eventsOf(
  { hub, authenticate }: SocketDeps,
  admission: Admission,
  { route, identity, asked, address, picked, transport }: Opening,
): { readonly events: WSEvents; readonly open: (ws: WSContext, kept?: Kept) => void } {
  let connection: Connection | undefined
  let isClosed = false
  let isCounted = false
  /** With the end of the connection, whatever becomes of its socket: a peer that answers no close frame may keep that for long. */
  const release = (): void => {
    if (isCounted) admission.exit(address)
    isCounted = false
  }
  const guarded = (ws: WSContext, work: () => void): void => {
    try {
      work()
    } catch (reason) {
      hub.log.error('a connection failed', { connection: connection?.id, reason })
      if (connection) return connection.end(CLOSE.internal)
      release()
      ws.close(CLOSE.internal.code, CLOSE.internal.reason)
    }
  }
  const closed = (ws: WSContext): void => {
    if (isClosed || !connection) return
    isClosed = true
    guarded(ws, () => connection?.closed())
    hub.log.debug('connection closed', { connection: connection.id })
  }
  const open = (ws: WSContext, kept?: Kept): void => {
    admission.enter(address)
    isCounted = true
    guarded(ws, () => {
      // What went into the handshake's answer, where the platform says so.
      const agreed = route.speaksProtocol ? (ws.protocol ?? picked) : undefined
      const wish = { agreed: Boolean(agreed), joined: agreed === 'parlor.v1.batch' }
      const own = transport(ws, { ...wish, alive: () => connection?.alive() })
      connection = route.open(hub, own, identity, asked, authenticate, kept)
      hub.whenEnded(connection, release)
    })
  }
  const opened = (ws: WSContext): void => {
    if (admission.refusal(address)) return ws.close(CLOSE.tooManyConnections.code, CLOSE.tooManyConnections.reason)
    // Auth may have taken longer than the hub lived.
    if (hub.isDraining) return ws.close(CLOSE.goingAway.code, CLOSE.goingAway.reason)
    open(ws)
    const user = identity.user.id
    if (connection) hub.log.debug('connection opened', { connection: connection.id, route: route.name, user, address })
  }
  const events: WSEvents = {
    onOpen: (_event, ws) => opened(ws),
    onMessage: ({ data }, ws) =>
      guarded(ws, () => (typeof data === 'string' ? connection?.text(data) : connection?.binary(sizeOf(data)))),
    onClose: (_event, ws) => closed(ws),
    onError: (_event, ws) => closed(ws),
  }
  return { events, open }
}

const sizeOf = (data: Blob | ArrayBufferLike): number => (data instanceof Blob ? data.size : data.byteLength)
