import { setImmediate } from 'node:timers/promises'
import { defineWebSocketHelper, type UpgradeWebSocket, WSContext, type WSEvents } from 'hono/ws'
import type { ServerFrame } from '../../src/core/protocol.ts'
import type { Runtime, TransportWish } from '../../src/http/runtime.ts'
import { FakeLoop } from '../core/fake-loop.ts'
import { FakeTransport } from '../core/fake-transport.ts'
import { parseFrame } from '../core/fake-world.ts'

/** A runtime without a server: every upgrade that the routes let through waits for the test to open it. */
export class FakeRuntime implements Runtime {
  readonly loop = new FakeLoop()
  readonly upgradeWebSocket: UpgradeWebSocket
  readonly #sockets: FakeSocket[] = []

  /** `protocol`: what the platform says was negotiated; undefined: it does not say. */
  constructor(protocol?: string) {
    this.upgradeWebSocket = defineWebSocketHelper((_c, events) => {
      this.#sockets.push(new FakeSocket(this.loop, events, protocol))
      return new Response(null)
    })
  }

  transport(ws: WSContext, _c: unknown, wish: TransportWish): FakeTransport {
    const socket = this.#sockets.find((one) => one.ws === ws)
    if (!socket) throw new Error('not a socket of this runtime')
    socket.wish = wish
    return socket.transport
  }

  address(): undefined {}

  /** The socket of the newest upgrade, opened. */
  open(): FakeSocket {
    const socket = this.#sockets.at(-1)
    if (!socket) throw new Error('nothing was upgraded')
    socket.open()
    return socket
  }

  /** Lets promises settle and turns end. */
  async rest(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await setImmediate()
      this.loop.rest()
    }
  }
}

/** Node 20 has no CloseEvent. */
class Closing extends Event implements CloseEvent {
  readonly code = 1006
  readonly reason = ''
  readonly wasClean = false
}

export class FakeSocket {
  readonly transport: FakeTransport
  readonly ws: WSContext
  wish: TransportWish | undefined
  readonly #events: WSEvents

  constructor(loop: FakeLoop, events: WSEvents, protocol: string | undefined) {
    this.transport = new FakeTransport(loop)
    this.#events = events
    this.ws = new WSContext({
      readyState: 1,
      send: () => {},
      close: (code = 1005, reason = '') => this.transport.close(code, reason),
      ...(protocol === undefined ? {} : { protocol }),
    })
  }

  open(): void {
    this.#events.onOpen?.(new Event('open'), this.ws)
  }

  /** The client sends a frame. */
  send(frame: unknown): void {
    this.#events.onMessage?.(new MessageEvent('message', { data: JSON.stringify(frame) }), this.ws)
  }

  /** The socket is gone. */
  gone(): void {
    this.#events.onClose?.(new Closing('close'), this.ws)
  }

  frames(): ServerFrame[] {
    return this.transport.texts.map(parseFrame)
  }
}

/** The headers of a good handshake. */
export const HANDSHAKE: Readonly<Record<string, string>> = {
  Host: 'localhost',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}
