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
    if (isOrdinary(c.env)) return answerFault(c, NO_UPGRADE)
    const headers = incomingOf(c.env)?.headers
    const picked = pickSubprotocol(offeredProtocols(headers?.['sec-websocket-protocol']))
    if (headers && picked !== undefined) headers['sec-websocket-protocol'] = picked
    else if (headers) delete headers['sec-websocket-protocol']
    return upgrade(c, onOpen ? { onOpen } : {}, options)
  })
}

/** Node takes what its `Connection` header does not say for no upgrade, whatever `Upgrade` says, and would wait for an answer of the usual kind. */
const isOrdinary = (env: unknown): boolean =>
  typeof env === 'object' && env !== null && 'outgoing' in env && env.outgoing !== undefined
