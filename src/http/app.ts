import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Hub } from '../core/hub.ts'
import type { Random } from '../core/random.ts'
import { type AuthOptions, authenticator } from './auth.ts'
import { guestToken } from './guest-token.ts'
import { pageRoutes } from './page.ts'
import { chatRoute, echoRoute, jsonRoute } from './routes.ts'
import type { Runtime } from './runtime.ts'
import { socketRoutes } from './sockets.ts'

export interface AppDeps {
  readonly runtime: Runtime
  readonly hub: Hub
  /** Settled when the hub hears its adapter, or never will. */
  readonly ready: Promise<unknown>
  readonly random: Random
  readonly auth: AuthOptions
  /** As browsers write them; `*`: any. */
  readonly allowedOrigins: readonly string[]
  /** Serve the chat page at `/`. */
  readonly page: boolean
  /** Serve `POST /token`; needs an `auth` with a secret. */
  readonly guestTokens: boolean
}

/** The routes of SPEC.md section 2 over one hub, to be mounted under any path. */
export function createApp({ runtime, hub, ready, random, auth, allowedOrigins, page, guestTokens }: AppDeps): Hono {
  const authenticate = authenticator(auth, random)
  const sockets = socketRoutes({ runtime, hub, authenticate, allowedOrigins, ready })
  const routes = new Hono()
  routes.get('/health', (c) => c.text('ok'))
  routes.get('/echo', sockets.handler(echoRoute))
  routes.get('/chat', sockets.handler(chatRoute))
  routes.get('/ws', sockets.handler(jsonRoute))
  if (guestTokens && typeof auth === 'object' && 'secret' in auth) {
    routes.post('/token', bodyLimit({ maxSize: 4096 }), guestToken(auth.secret, random))
  }
  if (page) routes.route('/', pageRoutes())
  return routes
}
