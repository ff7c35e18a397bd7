import type { SocketConstructor, SocketLike } from '../../../src/client/socket.ts'
import type { Socket } from '../network/network.ts'
import type { ClientDeps } from './sim-client.ts'

type Message = (event: { readonly data: unknown }) => void
type Close = (event: { readonly code: number; readonly reason: string }) => void

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3]

/** A `WebSocket` as browsers have it, over the simulated network. `made` is told of every one. */
export function webSocketOf(deps: ClientDeps, made: (socket: Socket) => void): SocketConstructor {
  return class SimWebSocket implements SocketLike {
    readonly protocol: string
    readyState = CONNECTING
    readonly #socket: Socket
    readonly #messages: Message[] = []
    readonly #closes: Close[] = []

    constructor(url: string, protocols: string[]) {
      const batches = protocols.includes('parlor.v1.batch')
      this.protocol = batches ? 'parlor.v1.batch' : 'parlor.v1'
      const session = new URL(url).searchParams.get('session') ?? undefined
      const handlers = {
        open: () => {
          if (this.readyState === CONNECTING) this.readyState = OPEN
        },
        message: (data: string) => {
          for (const hear of this.#messages) hear({ data })
        },
        close: (code: number, reason: string) => {
          this.readyState = CLOSED
          for (const hear of this.#closes) hear({ code, reason })
        },
      }
      this.#socket = deps.connect(handlers, { session, batches })
      made(this.#socket)
    }

    addEventListener(type: 'message', listener: Message): void
    addEventListener(type: 'close', listener: Close): void
    addEventListener(type: 'error', listener: () => void): void
    addEventListener(...[type, listener]: ['message', Message] | ['close', Close] | ['error', () => void]): void {
      if (type === 'message') this.#messages.push(listener)
      else if (type === 'close') this.#closes.push(listener)
    }

    send(text: string): void {
      if (this.readyState === CONNECTING) throw new Error('still connecting')
      if (this.readyState === OPEN) this.#socket.send(text)
    }

    close(): void {
      if (this.readyState >= CLOSING) return
      this.readyState = CLOSING
      this.#socket.close()
    }
  }
}
