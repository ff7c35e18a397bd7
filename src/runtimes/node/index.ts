/** Parlor on Node: @hono/node-server's own WebSocket support over the `ws` package. */
import { Server } from 'node:http'
import {
  createAdaptorServer,
  type Http2Bindings,
  type HttpBindings,
  upgradeWebSocket,
  type WebSocketServerLike,
} from '@hono/node-server'
import { WebSocketServer } from 'ws'
import { MAX_FRAME } from '../../core/settings.ts'
import type { Runtime } from '../../http/runtime.ts'
import { pickSubprotocol } from '../../http/subprotocol.ts'
import { eventLoop } from '../loop.ts'
import type { ParlorOptions } from '../options.ts'
import { createParlor as createParlorOn, type Parlor } from '../parlor.ts'
import { checkServeOptions } from '../serve-options.ts'
import { withOurOffer } from './offer.ts'
import { lettingGo } from './opening.ts'
import { nodeAddress, nodeFanOut, nodeTransport } from './transport.ts'
import { answerUpgrade, guardUpgrades } from './upgrade-guard.ts'

export * from '../exports.ts'
export { sqliteAdapter } from './sqlite.ts'
export { guardUpgrades }

/** Live rooms as routes for a Hono app that is served by `serve` of this module. */
export function createParlor(options: ParlorOptions): Parlor {
  return createParlorOn(nodeRuntime, options)
}

/** Options of the `ws` server behind every socket. ms, bytes. */
export const WS_OPTIONS = {
  maxPayload: MAX_FRAME,
  perMessageDeflate: false,
  clientTracking: false,
  closeTimeout: 5000,
  handleProtocols: (offered: Set<string>): string | false => pickSubprotocol(offered) ?? false,
} as const

export const nodeRuntime: Runtime = {
  upgradeWebSocket: withOurOffer(lettingGo(upgradeWebSocket)),
  transport: (ws, c, wish) => nodeTransport(ws.raw, c, wish),
  address: nodeAddress,
  loop: eventLoop,
  fanOut: nodeFanOut,
}

export interface ServeOptions {
  /** A Hono app's `fetch`. */
  readonly fetch: (request: Request, env: HttpBindings | Http2Bindings) => Response | Promise<Response>
  /** 0: any free one. 3000 by default. */
  readonly port?: number | undefined
  /** 0.0.0.0 by default. */
  readonly hostname?: string | undefined
}

export interface Serving {
  readonly port: number
  readonly server: Server
  /** Accepts nothing more. WebSockets stay until they are closed. */
  refuse(): void
  /** Ends when everything that was accepted has ended. */
  stop(): Promise<void>
}

/**
 * Serves a Hono app with its WebSockets: hostile handshakes end at the door, and the body of a refused upgrade reaches the client.
 * Answers when it listens; rejects where it can't, and with a TypeError that lists the options that can't be.
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  checkServeOptions(options)
  const { fetch, port = 3000, hostname = '0.0.0.0' } = options
  const server = createAdaptorServer({
    fetch: answering(fetch),
    hostname,
    websocket: { server: createWebSocketServer() },
  })
  if (!(server instanceof Server)) throw new TypeError('an HTTP/1.1 server is needed')
  guardUpgrades(server)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, hostname, () => {
      server.off('error', reject)
      const address = server.address()
      resolve({ port: typeof address === 'object' && address ? address.port : port, server, ...stopping(server) })
    })
  })
}

/**
 * A `ws` server as Parlor wants it (frames of at most 1 MiB, no compression, our subprotocols), for an application that serves itself:
 * the `websocket.server` of node-server's own `serve`. Its server is then to be guarded by `guardUpgrades`.
 */
export function createWebSocketServer(): WebSocketServerLike {
  const server: object = new WebSocketServer({ ...WS_OPTIONS, noServer: true })
  if (!isServerLike(server)) throw new TypeError('not a server of the ws package')
  return server
}

/** node-server documents this use; only over an optional argument of `send` do the two packages' types disagree. */
const isServerLike = (server: object): server is WebSocketServerLike => server instanceof WebSocketServer

/**
 * `fetch` of an application that serves itself with node-server, which drops the body of a refused upgrade: what it would refuse is answered
 * here, whole.
 */
export function answering(fetch: ServeOptions['fetch']): ServeOptions['fetch'] {
  return async (request, env) => {
    const response = await fetch(request, env)
    if (env.outgoing === undefined && response.status >= 300) await answerUpgrade(env.incoming.socket, response.clone())
    return response
  }
}

/** How an HTTP server stops. */
export function stopping(server: Server): Pick<Serving, 'refuse' | 'stop'> {
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve)
  })
  const refuse = (): void => {
    server.close()
    server.closeIdleConnections()
  }
  return {
    refuse,
    stop: () => {
      refuse()
      return closed
    },
  }
}
