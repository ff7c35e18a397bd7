import { defineWebSocketHelper, type UpgradeWebSocket } from 'hono/ws'
import { offeredProtocols } from '../../http/auth.ts'
import { answerFault, NO_UPGRADE } from '../../http/handshake.ts'
import { pickSubprotocol } from '../../http/subprotocol.ts'
import { incomingOf } from './transport.ts'

/**
 * `upgrade`, whatever `ws` server the application has behind it: by itself that would answer with the first subprotocol offered, which
 * may be a token. So it is shown the one that Parlor picks, and no other. And it fires `onOpen` alone: from there on
 * the transport listens.
 */
export function withOurOffer<T, U>(upgrade: UpgradeWebSocket<T, U>): UpgradeWebSocket<T, U> {
  return defineWebSocketHelper<T, U>((c, { onOpen }, options) => {
    const headers = incomingOf(c.env)?.headers
    if (isOrdinary(c.env)) {
      if (UPGRADE.test(headers?.connection ?? '')) throw new TypeError(NO_WEBSOCKETS)
      return answerFault(c, NO_UPGRADE)
    }
    if (!headers) throw new TypeError(NO_REQUEST)
    const picked = pickSubprotocol(offeredProtocols(headers['sec-websocket-protocol']))
    if (picked !== undefined) headers['sec-websocket-protocol'] = picked
    else delete headers['sec-websocket-protocol']
    return upgrade(c, onOpen ? { onOpen } : {}, options)
  })
}

const NO_REQUEST =
  'Parlor needs the request of a Node server: fetch is app.fetch, or passes its second argument on; on Deno and Bun take parlor/deno and parlor/bun'

const NO_WEBSOCKETS =
  "this server takes no WebSockets: take `serve` of parlor/node, or give @hono/node-server's `websocket: { server: createWebSocketServer() }`; with node-ws call injectWebSocket"

/** As clients write it: where a server took WebSockets, Node would not bring such a request as an ordinary one. */
const UPGRADE = /^(?:keep-alive, ?)?upgrade$/i

/** Node takes what its `Connection` header does not say for no upgrade, whatever `Upgrade` says, and would wait for an answer of the usual kind. */
const isOrdinary = (env: unknown): boolean =>
  typeof env === 'object' && env !== null && 'outgoing' in env && env.outgoing !== undefined
