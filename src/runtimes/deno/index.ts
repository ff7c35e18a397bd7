/** Parlor on Deno. */
import { DEFAULT_SETTINGS } from '../../core/settings.ts'
import type { Runtime } from '../../http/runtime.ts'
import { eventLoop } from '../loop.ts'
import type { ParlorOptions } from '../options.ts'
import { createParlor as createParlorOn, type Parlor } from '../parlor.ts'
import { onlyOn } from '../right-runtime.ts'
import { checkServeOptions } from '../serve-options.ts'
import { DenoTransport, FullSockets } from './transport.ts'
import { upgradeWebSocketWith } from './upgrade.ts'

export * from '../exports.ts'
export { sqliteAdapter } from './sqlite.ts'

/** Live rooms as routes for a Hono app: `Deno.serve(app.fetch)`. */
export function createParlor(options: Omit<ParlorOptions, 'writerThreads'>): Parlor {
  onlyOn('Deno')
  return createParlorOn(denoRuntime(options.heartbeat?.interval ?? DEFAULT_SETTINGS.heartbeat.interval), options)
}

/** `interval`: ms of silence after which Deno pings a peer, in whole seconds. */
export function denoRuntime(interval: number): Runtime {
  const full = new FullSockets()
  return {
    upgradeWebSocket: upgradeWebSocketWith(() => Math.max(1, Math.round(interval / 1000))),
    transport: (ws, _c, { joined }) => {
      if (!(ws.raw instanceof WebSocket)) throw new TypeError('not a socket of Deno.serve')
      return new DenoTransport(ws.raw, joined, full)
    },
    address: (c) => addressOf(c.env),
    loop: eventLoop,
  }
}

function addressOf(info: unknown): string | undefined {
  if (typeof info !== 'object' || info === null || !('remoteAddr' in info)) return undefined
  const { remoteAddr } = info
  if (typeof remoteAddr !== 'object' || remoteAddr === null || !('hostname' in remoteAddr)) return undefined
  return typeof remoteAddr.hostname === 'string' ? remoteAddr.hostname : undefined
}

/** ms, some times the linger of a transport's close. */
const CLOSING_TIME = 100

export interface ServeOptions {
  /** A Hono app's `fetch`. */
  readonly fetch: (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>
  /** 0: any free one. 3000 by default. */
  readonly port?: number | undefined
  /** 0.0.0.0 by default. */
  readonly hostname?: string | undefined
}

export interface Serving {
  readonly port: number
  /** Deno can't stop accepting without closing its WebSockets too: new ones are refused by Parlor's routes while it drains. */
  refuse(): void
  /** Closes what is there and ends. */
  stop(): Promise<void>
}

/** Serves a Hono app with its WebSockets. Throws where it can't listen, and a TypeError that lists the options that can't be. */
export function serve(options: ServeOptions): Serving {
  onlyOn('Deno')
  checkServeOptions(options)
  const { fetch, port = 3000, hostname = '0.0.0.0' } = options
  const server = Deno.serve({ port, hostname, onListen: () => {} }, fetch)
  return { port: server.addr.port, refuse: () => {}, stop: () => shutdown(server) }
}

/** Deno's shutdown closes every WebSocket with a code of its own: those that are being closed are given the time to. */
async function shutdown(server: Deno.HttpServer): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, CLOSING_TIME))
  await server.shutdown()
}
