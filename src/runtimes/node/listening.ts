import type { RawData, WebSocket } from 'ws'
import type { SocketListener } from '../../http/runtime.ts'

/** What a Hono helper listens to. */
const HELPERS = ['message', 'close', 'error'] as const

/**
 * Tells `listener` what a socket of the `ws` package brings, from a Hono helper's `onOpen` on, in place of that helper. What the helper adds of
 * its own once `onOpen` returns is taken off: it would hold the request, its headers and Hono's context for as long as the socket lives, and
 * make an event of every message. Where a helper adds it later it stays, which costs memory and nothing else.
 */
export function listen(ws: WebSocket, listener: SocketListener): void {
  const alive = (): void => listener.alive()
  const closed = (): void => listener.closed()
  ws.on('message', (data, isBinary) => {
    const bytes = bytesOf(data)
    if (isBinary) listener.binary(bytes.length)
    else listener.text(bytes.toString())
  })
  ws.on('ping', alive)
  ws.on('pong', alive)
  ws.on('close', closed)
  ws.on('error', closed)
  withoutWhatIsAddedNow(ws)
}

/** Takes off what is added to `ws` until promises settle. */
function withoutWhatIsAddedNow(ws: WebSocket): void {
  const before = new Set(HELPERS.flatMap((name) => ws.listeners(name)))
  queueMicrotask(() => {
    for (const name of HELPERS) {
      for (const added of ws.listeners(name)) if (!before.has(added) && isListening(added)) ws.off(name, added)
    }
  })
}

/** Any function is, here. */
const isListening = (value: unknown): value is (...args: unknown[]) => void => typeof value === 'function'

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
