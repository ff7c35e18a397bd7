import type { Context } from 'hono'
import type { WSContext, WSEvents } from 'hono/ws'
import type { Hub } from '../core/hub.ts'
import type { Kept } from '../core/kept.ts'
import { Admission } from './admission.ts'
import { type Authenticator, offeredProtocols } from './auth.ts'
import { pass } from './gate.ts'
import { eventsOf, type Opening, OpenSocket } from './open-socket.ts'
import type { Asked, Route } from './routes.ts'
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

export interface Sockets {
  /** The handler of a route: everything that has to be in order before the upgrade, and the upgrade. */
  handler(route: Route): (c: Context) => Promise<Response>
  /** The events of a socket whose connection goes on as it was kept, though nothing else of it is left in memory. */
  revive(ws: WSContext, opening: Opening, kept: Kept): WSEvents
}

export function socketRoutes({ runtime, hub, authenticate, allowedOrigins, ready }: SocketDeps): Sockets {
  const admission = new Admission(hub.settings.limits)
  const deps = { hub, authenticate, admission }
  const { log, settings } = hub
  const gate = { authenticate, allowedOrigins, log, loop: runtime.loop, patience: settings.limits.request }
  return {
    handler: (route) => async (c) => {
      if (hub.isDraining) return c.text('The server is stopping', 503, { 'Retry-After': '5' })
      const identity = await pass(gate, c)
      if (identity instanceof Response) return identity
      const address = runtime.address(c)
      const refused = admission.refusal(address)
      if (refused) return c.text(refused.text, refused.status, { 'Retry-After': '5' })
      await ready
      const picked = pickSubprotocol(offeredProtocols(c.req.header('sec-websocket-protocol')))
      const transport: Opening['transport'] = (ws, wish) => runtime.transport(ws, c, wish)
      const socket = new OpenSocket(deps, { route, identity, asked: askedOf(c), address, picked, transport })
      return runtime.upgradeWebSocket(c, eventsOf(socket))
    },
    revive: (ws, opening, kept) => {
      const socket = new OpenSocket(deps, opening)
      socket.open(ws, kept)
      return eventsOf(socket)
    },
  }
}

function askedOf(c: Context): Asked {
  const room = c.req.query('room')
  const session = c.req.query('session')
  return { ...(room === undefined ? {} : { room }), ...(session === undefined ? {} : { session }) }
}
