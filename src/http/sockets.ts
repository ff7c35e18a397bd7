import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { WSContext, WSEvents } from 'hono/ws'
import { CLOSE } from '../core/close-codes.ts'
import type { Connection } from '../core/connection.ts'
import type { Identity } from '../core/hooks.ts'
import type { Hub } from '../core/hub.ts'
import type { Transport } from '../core/transport.ts'
import { Admission } from './admission.ts'
import { type Authenticator, offeredProtocols, tokenOf } from './auth.ts'
import { handshakeFault } from './handshake.ts'
import { isAllowedOrigin } from './origin.ts'
import type { Runtime } from './runtime.ts'
import { pickSubprotocol } from './subprotocol.ts'

export interface SocketDeps {
  readonly runtime: Runtime
  readonly hub: Hub
  readonly authenticate: Authenticator
  readonly allowedOrigins: readonly string[]
  /** Settled when the hub hears its adapter, or never will. */
  readonly ready: Promise<unknown>
}

/** What a socket route speaks. */
export interface Route {
  readonly name: string
  /** Its messages may share frames where the peer agreed to it. */
  readonly joins: boolean
  /** Makes a connection of a socket that has opened. */
  open(hub: Hub, transport: Transport, identity: Identity, c: Context, authenticate: Authenticator): Connection
}

export const echoRoute: Route = {
  name: 'echo',
  joins: false,
  open: (hub, transport, identity) => hub.openEcho(transport, identity),
}

export const chatRoute: Route = {
  name: 'chat',
  joins: false,
  open: (hub, transport, identity) => hub.openPlainChat(transport, identity),
}

export const jsonRoute: Route = {
  name: 'ws',
  joins: true,
  open: (hub, transport, identity, c, authenticate) => {
    const room = c.req.query('room')
    const session = c.req.query('session')
    return hub.openJson(transport, identity, {
      authenticate: (token) => authenticate.renew(token, identity),
      ...(room === undefined ? {} : { room }),
      ...(session === undefined ? {} : { session }),
    })
  },
}

/** Handlers for socket routes: everything that has to be in order before the upgrade, and the upgrade. */
export function socketRoutes(deps: SocketDeps): (route: Route) => (c: Context) => Promise<Response> {
  const admission = new Admission(deps.hub.settings.limits)
  return (route) => async (c) => {
    const request = c.req.raw
    if (deps.hub.isDraining) return c.text('The server is stopping', 503, { 'Retry-After': '5' })
    if (!isAllowedOrigin(request, deps.allowedOrigins)) return c.text('Origin not allowed', 403)
    const identity = await admitted(deps, request)
    if (!identity) return c.text('Invalid token', 401, { 'WWW-Authenticate': 'Bearer' })
    const broken = handshakeFault(request)
    if (broken) return c.text(broken.text, broken.status, broken.headers)
    const refused = admission.refusal(deps.runtime.address(c))
    if (refused) return c.text(refused.text, refused.status, { 'Retry-After': '5' })
    await deps.ready
    return deps.runtime.upgradeWebSocket(c, eventsOf(deps, admission, route, identity, c))
  }
}

async function admitted({ authenticate, hub }: SocketDeps, request: Request): Promise<Identity | undefined> {
  try {
    return await authenticate.admit(tokenOf(request), request)
  } catch (reason) {
    // An HTTPException is how an application answers in its own words; anything else is its fault. Hono answers both.
    if (!(reason instanceof HTTPException)) hub.log.error('authenticate failed', { reason })
    throw reason
  }
}

/** The socket's events, made into a connection's. What they throw stays here: on some runtimes it would end the process. */
function eventsOf(deps: SocketDeps, admission: Admission, route: Route, identity: Identity, c: Context): WSEvents {
  const { hub, runtime, authenticate } = deps
  const address = runtime.address(c)
  const picked = pickSubprotocol(offeredProtocols(c.req.header('sec-websocket-protocol')))
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
  return {
    onOpen: (_event, ws) => {
      if (admission.refusal(address)) return ws.close(CLOSE.tooManyConnections.code, CLOSE.tooManyConnections.reason)
      // Auth may have taken longer than the hub lived.
      if (hub.isDraining) return ws.close(CLOSE.goingAway.code, CLOSE.goingAway.reason)
      admission.enter(address)
      isCounted = true
      guarded(ws, () => {
        // What went into the handshake's answer, where the platform says so.
        const joined = route.joins && (ws.protocol ?? picked) === 'parlor.v1.batch'
        const transport = runtime.transport(ws, c, { joined, alive: () => connection?.alive() })
        connection = route.open(hub, transport, identity, c, authenticate)
        hub.whenEnded(connection, release)
        const user = identity.user.id
        hub.log.debug('connection opened', { connection: connection.id, route: route.name, user, address })
      })
    },
    onMessage: ({ data }, ws) =>
      guarded(ws, () => (typeof data === 'string' ? connection?.text(data) : connection?.binary(sizeOf(data)))),
    onClose: (_event, ws) => closed(ws),
    onError: (_event, ws) => closed(ws),
  }
}

const sizeOf = (data: Blob | ArrayBufferLike): number => (data instanceof Blob ? data.size : data.byteLength)
