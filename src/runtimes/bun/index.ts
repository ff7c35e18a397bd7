/** Parlor on Bun. */
import type { Server } from 'bun'
import type { Runtime } from '../../http/runtime.ts'
import { eventLoop } from '../loop.ts'
import type { ParlorOptions } from '../options.ts'
import { createParlor as createParlorOn, type Parlor } from '../parlor.ts'
import { onlyOn } from '../right-runtime.ts'
import { checkServeOptions } from '../serve-options.ts'
import { BunTransport, type SocketData } from './transport.ts'
import { type OtherHandlers, serverOf, upgradeWebSocket, websocket, websocketBeside } from './upgrade.ts'

export * from '../exports.ts'
export { sqliteAdapter } from './sqlite.ts'
export { type OtherHandlers, websocket, websocketBeside }

/** Live rooms as routes for a Hono app that is served with the `websocket` of this module: `Bun.serve({ fetch: app.fetch, websocket })`. */
export function createParlor(options: Omit<ParlorOptions, 'writerThreads'>): Parlor {
  onlyOn('Bun')
  return createParlorOn(bunRuntime, options)
}

export const bunRuntime: Runtime = {
  upgradeWebSocket,
  transport: (ws, _c, wish) => {
    if (!isSocket(ws.raw)) throw new TypeError('not a socket of Bun.serve')
    return new BunTransport(ws.raw, wish)
  },
  address: (c) => serverOf(c).requestIP(c.req.raw)?.address,
  loop: eventLoop,
}

type Socket = ConstructorParameters<typeof BunTransport>[0]

const isSocket = (raw: unknown): raw is Socket => typeof raw === 'object' && raw !== null && 'getBufferedAmount' in raw

export interface ServeOptions {
  /** A Hono app's `fetch`. */
  readonly fetch: (request: Request, server: Server<SocketData>) => Response | Promise<Response>
  /** 0: any free one. 3000 by default. */
  readonly port?: number | undefined
  /** 0.0.0.0 by default. */
  readonly hostname?: string | undefined
}

export interface Serving {
  readonly port: number
  /** Accepts nothing more. WebSockets stay until they are closed. */
  refuse(): void
  /** Ends when everything that was accepted has ended. */
  stop(): Promise<void>
}

/** Serves a Hono app with its WebSockets. Throws where it can't listen, and a TypeError that lists the options that can't be. */
export function serve(options: ServeOptions): Serving {
  onlyOn('Bun')
  checkServeOptions(options)
  const { fetch, port = 3000, hostname = '0.0.0.0' } = options
  const server = Bun.serve<SocketData>({ fetch, port, hostname, websocket })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= server.stop()
    return stopped
  }
  return { port: server.port ?? port, refuse: () => void stop(), stop }
}
