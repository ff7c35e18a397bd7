import type { UpgradeWebSocket } from 'hono/ws'
import { defineWebSocketHelper, WSContext } from 'hono/ws'
import { offeredProtocols } from '../../http/auth.ts'
import { pickSubprotocol } from '../../http/subprotocol.ts'

/**
 * Hono's helper on Deno, for our subprotocols and any case of `Upgrade`: Hono's own answers with the first one offered,
 * and Deno fails on offers without blanks after the commas.
 * `idleTimeout` (s): Deno pings a peer that was silent for so long, and drops one that stays silent.
 */
export function upgradeWebSocketWith(idleTimeout: () => number): UpgradeWebSocket<WebSocket> {
  return defineWebSocketHelper<WebSocket>((c, events) => {
    const agreed = pickSubprotocol(offeredProtocols(c.req.header('sec-websocket-protocol')))
    let upgraded: Deno.WebSocketUpgrade
    try {
      upgraded = Deno.upgradeWebSocket(c.req.raw, { idleTimeout: idleTimeout() })
    } catch {
      return c.text('Not a WebSocket handshake', 400)
    }
    const { socket, response } = upgraded
    if (agreed !== undefined) response.headers.set('Sec-WebSocket-Protocol', agreed)
    socket.binaryType = 'arraybuffer'
    const context = new WSContext<WebSocket>({
      raw: socket,
      protocol: agreed ?? '',
      get readyState() {
        return readyStateOf(socket)
      },
      send: (source) => socket.send(source),
      close: (code, reason) => socket.close(code, reason),
    })
    socket.onopen = (event) => events.onOpen?.(event, context)
    socket.onmessage = (event) => events.onMessage?.(event, context)
    socket.onclose = (event) => events.onClose?.(event, context)
    socket.onerror = (event) => events.onError?.(event, context)
    return response
  })
}

function readyStateOf({ readyState }: WebSocket): 0 | 1 | 2 | 3 {
  return readyState === 0 || readyState === 1 || readyState === 2 ? readyState : 3
}
