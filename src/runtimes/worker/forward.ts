import type { Context } from 'hono'
import { type GateDeps, pass } from '../../http/gate.ts'
import type { ObjectNamespace } from './calls.ts'
import { withIdentity } from './identity-header.ts'
import { type Handshake, objectFor, type PlacementOptions } from './placement.ts'

export interface ForwardDeps extends GateDeps, PlacementOptions {
  readonly namespace: () => ObjectNamespace
}

/** The Worker's side of a socket route: whoever may come in is sent on to the object that takes the socket. */
export function forwarding(deps: ForwardDeps): (route: Handshake['route']) => (c: Context) => Promise<Response> {
  return (route) => async (c) => {
    const identity = await pass(deps, c)
    if (identity instanceof Response) return identity
    const request = c.req.raw
    const room = c.req.query('room')
    const object = objectFor({ route, user: identity.user.id, room, colo: coloOf(request) }, deps)
    // Wherever the routes are mounted, the object knows them by their own paths.
    const url = new URL(request.url)
    url.pathname = `/${route}`
    url.searchParams.delete('token')
    const headers = withIdentity(request.headers, identity)
    headers.set('upgrade', 'websocket')
    try {
      return await deps.namespace().getByName(object).fetch(new Request(url, { headers }))
    } catch (reason) {
      // It is overloaded, or was just replaced by a new version.
      deps.log.warn('an object did not answer', { object, reason })
      return c.text('The room can not be reached now', 503, { 'Retry-After': '1' })
    }
  }
}

function coloOf({ cf }: Request): string {
  return typeof cf?.['colo'] === 'string' ? cf['colo'] : 'local'
}
