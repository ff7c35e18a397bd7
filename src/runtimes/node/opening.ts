import type { IncomingMessage } from 'node:http'
import type { WebSocketLike } from '@hono/node-server'
import { defineWebSocketHelper, type UpgradeWebSocket, WSContext } from 'hono/ws'
import { incomingOf } from './transport.ts'

/** How node-server 2.1 has its own helper ask for the socket that a handshake becomes. Rejects where it becomes none. */
type Wait = (request: IncomingMessage) => Promise<WebSocketLike>

const WAIT = 'WAIT_FOR_WEBSOCKET_SYMBOL'

/**
 * A helper that fires `onOpen` alone, and lets go of the handshake at once. node-server's own, `helper`, makes a context with a getter for every
 * socket: V8 makes a hidden class of its own for each, and these keep all that the getter sees (the request, Hono's context) until the next
 * major collection. So node-server is asked for the socket without it; where it does not answer to that, `helper` serves.
 */
export function lettingGo<U>(helper: UpgradeWebSocket<WebSocketLike, U>): UpgradeWebSocket<WebSocketLike, U> {
  return defineWebSocketHelper<WebSocketLike, U>((c, events, options) => {
    const request = incomingOf(c.env)
    const wait = waitOf(c.env)
    const { onOpen } = events
    if (!request || !wait || !onOpen) return helper(c, events, options)
    void wait(request).then(
      (ws) => onOpen(new Event('open'), contextOf(ws)),
      () => {
        // The peer went away in mid-handshake: nothing was opened.
      },
    )
    return new Response()
  })
}

const contextOf = (ws: WebSocketLike): WSContext<WebSocketLike> =>
  new WSContext({
    raw: ws,
    readyState: ws.readyState,
    protocol: ws.protocol,
    send: (data) => ws.send(data),
    close: (code, reason) => {
      // Nobody listens to a socket that is sent away here, and its peer may still send what `ws` calls an error.
      ws.on('error', ignore)
      ws.close(code, reason)
    },
  })

const ignore = (): void => {}

function waitOf(env: unknown): Wait | undefined {
  if (typeof env !== 'object' || env === null) return undefined
  const symbol = Object.getOwnPropertySymbols(env).find(({ description }) => description === WAIT)
  const wait: unknown = symbol && Reflect.get(env, symbol)
  return isWait(wait) ? wait : undefined
}

const isWait = (value: unknown): value is Wait => typeof value === 'function'
