import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import type { Context } from 'hono'
import { defineWebSocketHelper, WSContext } from 'hono/ws'
import { MAX_FRAME } from '../../core/settings.ts'
import { offeredProtocols } from '../../http/auth.ts'
import { answerFault, NO_UPGRADE } from '../../http/handshake.ts'
import type { SocketListener } from '../../http/runtime.ts'
import { pickSubprotocol } from '../../http/subprotocol.ts'
import type { SocketData } from './transport.ts'

/**
 * Hono's helper on Bun, for our subprotocols: Hono's own answers with the first one offered, whatever it is,
 * and makes a new event and a new context of every message. It fires `onOpen` alone: from there on the transport's listener hears all.
 */
export const upgradeWebSocket = defineWebSocketHelper<ServerWebSocket<SocketData>>((c, { onOpen }) => {
  // Bun itself does not ask.
  if (!/\bupgrade\b/i.test(c.req.header('connection') ?? '')) return answerFault(c, NO_UPGRADE)
  const agreed = pickSubprotocol(offeredProtocols(c.req.header('sec-websocket-protocol')))
  const data: SocketData = {
    events: { onOpen: (_, foreign) => foreign.close(1011, NOT_OURS) },
    opened: (socket) => onOpen?.(new Event('open'), contextOf(socket, agreed ?? '')),
    listener: NOBODY_YET,
    drained: () => {},
  }
  // Without this header Bun would answer with the first one offered; empty, it is left out.
  const headers = { 'Sec-WebSocket-Protocol': agreed ?? '' }
  const upgraded = serverOf(c).upgrade(c.req.raw, { data, headers })
  return upgraded ? new Response(null) : c.text('Not a WebSocket handshake', 400)
})

const NOBODY_YET: SocketListener = { text: () => {}, binary: () => {}, alive: () => {}, closed: () => {} }

const NOT_OURS = 'give Bun.serve the websocket of parlor/bun'

/** The handlers of other WebSockets that the same server has, e.g. `websocket` of `hono/bun`. */
export interface OtherHandlers {
  open?(socket: object): unknown
  message?(socket: object, message: string | Buffer): unknown
  close?(socket: object, code: number, reason: string): unknown
  drain?(socket: object): unknown
  ping?(socket: object, data: Buffer): unknown
  pong?(socket: object, data: Buffer): unknown
}

const isOurs = (data: unknown): data is SocketData => typeof data === 'object' && data !== null && 'opened' in data

/** What belongs to sockets of ours, whoever handles their events. */
const LIMITS = {
  maxPayloadLength: MAX_FRAME,
  // Liveness is the core's: it pings and drops. Bun would close idle sockets, whatever they answer.
  idleTimeout: 0,
  sendPings: false,
  perMessageDeflate: false,
  // Far above what the outbox lets wait, so that nothing is ever dropped silently.
  backpressureLimit: 64 * 1024 * 1024,
} as const

/**
 * Handlers for a Bun.serve whose other routes have WebSockets of their own: each socket goes to whose it is. The limits are ours for all:
 * frames of 1 MiB, no compression, no idle timeout.
 */
export const websocketBeside = (other: OtherHandlers): WebSocketHandler<SocketData> => ({
  ...LIMITS,
  open: (socket) => void (isOurs(socket.data) ? socket.data.opened(socket) : other.open?.(socket)),
  message: (socket, message) => {
    if (!isOurs(socket.data)) return void other.message?.(socket, message)
    const { listener } = socket.data
    if (typeof message === 'string') listener.text(message)
    else listener.binary(message.byteLength)
  },
  close: (socket, code, reason) =>
    void (isOurs(socket.data) ? socket.data.listener.closed() : other.close?.(socket, code, reason)),
  drain: (socket) => void (isOurs(socket.data) ? socket.data.drained() : other.drain?.(socket)),
  ping: (socket, data) => void (isOurs(socket.data) ? socket.data.listener.alive() : other.ping?.(socket, data)),
  pong: (socket, data) => void (isOurs(socket.data) ? socket.data.listener.alive() : other.pong?.(socket, data)),
})

const NOBODY: OtherHandlers = {
  open: (socket) => {
    if ('close' in socket && typeof socket.close === 'function') socket.close(1011, 'nobody handles this socket')
  },
}

/** The `websocket` handlers that Bun.serve needs for sockets of this helper. A socket of another one is closed: see `websocketBeside`. */
export const websocket: WebSocketHandler<SocketData> = websocketBeside(NOBODY)

export function serverOf(c: Context): Server<SocketData> {
  const env: unknown = c.env
  const server: unknown = typeof env === 'object' && env !== null && 'server' in env ? env.server : env
  if (isServer(server)) return server
  throw new TypeError('pass the second argument of fetch on: Bun.serve({ fetch: app.fetch, websocket })')
}

const isServer = (value: unknown): value is Server<SocketData> =>
  typeof value === 'object' && value !== null && 'upgrade' in value && 'requestIP' in value

function contextOf(socket: ServerWebSocket<SocketData>, protocol: string): WSContext<ServerWebSocket<SocketData>> {
  return new WSContext({
    raw: socket,
    protocol,
    get readyState() {
      return socket.readyState
    },
    send: (source) => {
      socket.send(source)
    },
    close: (code, reason) => socket.close(code, reason),
  })
}
