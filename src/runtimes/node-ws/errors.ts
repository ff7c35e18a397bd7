import { defineWebSocketHelper, type UpgradeWebSocket } from 'hono/ws'
import type { WebSocket } from 'ws'

/**
 * `upgrade` of node-ws, for Node 20, which has no ErrorEvent: node-ws fails on it and prints that, and would tell of broken framing only
 * when the socket is gone, which the peer decides. So `onError` is told here. What our events throw never gets this far.
 */
export function withErrors<U>(upgrade: UpgradeWebSocket<WebSocket, U>): UpgradeWebSocket<WebSocket, U> {
  return defineWebSocketHelper<WebSocket, U>((c, { onError, ...events }, options) =>
    upgrade(
      c,
      {
        ...events,
        onOpen: (event, ws) => {
          ws.raw?.on('error', () => onError?.(new Event('error'), ws))
          events.onOpen?.(event, ws)
        },
      },
      options,
    ),
  )
}
