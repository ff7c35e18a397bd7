import { defineWebSocketHelper, type UpgradeWebSocket, WSContext, type WSEvents } from 'hono/ws'
import { closeSocket } from './transport.ts'

/** A socket's handlers, and the context that they are called with. */
interface Handled {
  readonly events: WSEvents<WebSocket>
  readonly context: WSContext<WebSocket>
}

export interface HibernatingSockets {
  /** Hono's helper, for sockets that may hibernate: the object's own handlers are to call the methods below. */
  readonly upgradeWebSocket: UpgradeWebSocket<WebSocket>
  /** The object has woken: handlers are made for the sockets that are there. */
  wake(revive: Revive): void
  message(socket: WebSocket, data: string | ArrayBuffer): void
  closed(socket: WebSocket, code: number, reason: string): void
  failed(socket: WebSocket): void
}

/** Makes the handlers of a socket that has outlived them; undefined: it is of no use. */
export type Revive = (socket: WebSocket, context: WSContext<WebSocket>) => WSEvents<WebSocket> | undefined

/**
 * `upgradeWebSocket` over `ctx.acceptWebSocket`: the sockets stay while the object hibernates, and their handlers are made again for those
 * that are there when it wakes.
 */
/** `agree` picks one of the subprotocols offered. */
export function hibernatingSockets(
  ctx: DurableObjectState,
  agree: (offered: string | undefined) => string | undefined,
): HibernatingSockets {
  const handled = new Map<WebSocket, Handled>()
  const upgradeWebSocket = defineWebSocketHelper<WebSocket>((c, events) => {
    const { 0: client, 1: server } = new WebSocketPair()
    const agreed = agree(c.req.header('sec-websocket-protocol'))
    ctx.acceptWebSocket(server)
    const context = contextOf(server, agreed ?? '')
    handled.set(server, { events, context })
    // Workers tell nobody that a socket has opened: from here on it takes messages.
    events.onOpen?.(new Event('open'), context)
    const headers = agreed === undefined ? {} : { 'Sec-WebSocket-Protocol': agreed }
    return new Response(null, { status: 101, webSocket: client, headers })
  })
  return {
    upgradeWebSocket,
    wake: (revive) => {
      for (const socket of ctx.getWebSockets()) {
        if (socket.readyState !== WebSocket.OPEN) continue
        const context = contextOf(socket, undefined)
        const events = revive(socket, context)
        if (events) handled.set(socket, { events, context })
        else closeSocket(socket, 1011)
      }
    },
    message: (socket, data) => {
      const { events, context } = handled.get(socket) ?? {}
      if (context) events?.onMessage?.(new MessageEvent('message', { data }), context)
    },
    closed: (socket, code, reason) => {
      const { events, context } = handled.get(socket) ?? {}
      handled.delete(socket)
      if (context) events?.onClose?.(new CloseEvent('close', { code, reason }), context)
      // The runtime leaves the answer to a close frame to the object; codes that stand for no frame can't be sent.
      closeSocket(socket, isSendable(code) ? code : 1000, isSendable(code) ? reason : '')
    },
    failed: (socket) => {
      const { events, context } = handled.get(socket) ?? {}
      handled.delete(socket)
      if (context) events?.onError?.(new Event('error'), context)
      closeSocket(socket, 1011)
    },
  }
}

const isSendable = (code: number): boolean => code === 1000 || (code >= 3000 && code <= 4999)

function contextOf(socket: WebSocket, agreed: string | undefined): WSContext<WebSocket> {
  return new WSContext<WebSocket>({
    raw: socket,
    protocol: agreed ?? null,
    get readyState() {
      return readyStateOf(socket)
    },
    send: (source) => socket.send(source),
    close: (code, reason) => closeSocket(socket, code ?? 1000, reason),
  })
}

function readyStateOf({ readyState }: WebSocket): 0 | 1 | 2 | 3 {
  return readyState === 0 || readyState === 1 || readyState === 2 ? readyState : 3
}
