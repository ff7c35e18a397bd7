/**
 * Hono's WebSocket helper for Durable Objects that hibernate. It knows nothing of Parlor.
 *
 *     class Room extends DurableObject {
 *       #sockets = hibernatingSockets(this.ctx)
 *       #app = new Hono().get('/', this.#sockets.upgradeWebSocket(() => eventsOf()))
 *       constructor(ctx, env) {
 *         super(ctx, env)
 *         this.#sockets.wake((socket) => eventsOf(socket.deserializeAttachment()))
 *       }
 *       fetch(request) { return this.#app.fetch(request) }
 *       webSocketMessage(socket, data) { this.#sockets.message(socket, data) }
 *       webSocketClose(socket, code, reason) { this.#sockets.closed(socket, code, reason) }
 *       webSocketError(socket) { this.#sockets.failed(socket) }
 *     }
 */
import { defineWebSocketHelper, type UpgradeWebSocket, WSContext, type WSEvents } from 'hono/ws'

/** A socket's handlers, and the context that they are called with. */
interface Handled {
  readonly events: WSEvents<WebSocket>
  readonly context: WSContext<WebSocket>
}

export interface HibernatingSockets {
  /**
   * Hono's helper. `onOpen` is called before the response is on its way: what it sends comes first. A request that asks for no WebSocket goes
   * on to the next handler.
   */
  readonly upgradeWebSocket: UpgradeWebSocket<WebSocket>
  /**
   * The object has woken: makes handlers for the sockets that are there. To be called once, before any event. `onOpen` is not called again,
   * and the context's `protocol` is null.
   */
  wake(revive: Revive): void
  /** For the object's `webSocketMessage`. */
  message(socket: WebSocket, data: string | ArrayBuffer): void
  /** For the object's `webSocketClose`: tells the handlers and answers the peer's close, which the runtime leaves to the object. */
  closed(socket: WebSocket, code: number, reason: string): void
  /** For the object's `webSocketError`: tells the handlers and closes with 1011. */
  failed(socket: WebSocket): void
}

/** Makes the handlers of a socket that has outlived them; undefined: it is of no use, and is closed with 1011. */
export type Revive = (socket: WebSocket, context: WSContext<WebSocket>) => WSEvents<WebSocket> | undefined

export interface HibernatingOptions {
  /** Picks one of the subprotocols that the client offers, as the header has them. None by default. */
  readonly agree?: (offered: string | undefined) => string | undefined
}

/**
 * `upgradeWebSocket` over `ctx.acceptWebSocket`: the sockets stay while the object hibernates, and their handlers are made again for those
 * that are there when it wakes.
 */
export function hibernatingSockets(
  ctx: DurableObjectState,
  { agree = () => undefined }: HibernatingOptions = {},
): HibernatingSockets {
  const handled = new Map<WebSocket, Handled>()
  const upgradeWebSocket = defineWebSocketHelper<WebSocket>((c, events) => {
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') return
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
      // Codes that stand for no frame can't be sent.
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

/** Closes it, or answers its peer's close. Harmless on one that is closed. */
export function closeSocket(socket: WebSocket, code: number, reason?: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // It was closed already.
  }
}
