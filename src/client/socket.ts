/** What the SDK needs of a WebSocket: the platform's own, or that of the package `ws`. */
export interface SocketLike {
  readonly protocol: string
  readonly readyState: number
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void
  addEventListener(type: 'error', listener: () => void): void
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike

export interface SocketEvents {
  /** One JSON text of the server. */
  readonly text: (text: string) => void
  readonly binary: () => void
  readonly closed: (code: number, reason: string) => void
}

/** One WebSocket, of which nothing is heard once it was dropped, whatever it still does. */
export interface Socket {
  /** False where it was not handed over: the socket is not open, or no longer. */
  send(text: string): boolean
  drop(): void
}

const OPEN = 1

export function openSocket(
  WebSocket: SocketConstructor,
  url: string,
  protocols: string[],
  events: SocketEvents,
): Socket {
  const socket = new WebSocket(url, protocols)
  let isHeard = true
  socket.addEventListener('message', ({ data }) => {
    if (!isHeard) return
    if (typeof data !== 'string') return events.binary()
    const texts = socket.protocol === 'parlor.v1.batch' ? data.split('\n') : [data]
    for (const text of texts) if (isHeard) events.text(text)
  })
  socket.addEventListener('close', ({ code, reason }) => {
    if (!isHeard) return
    isHeard = false
    events.closed(code, reason)
  })
  // It stays: `ws` throws what nobody listens to, and gives up a handshake with an error.
  socket.addEventListener('error', () => {})
  return {
    send(text) {
      if (!isHeard || socket.readyState !== OPEN) return false
      try {
        socket.send(text)
        return true
      } catch {
        return false
      }
    },
    drop() {
      isHeard = false
      socket.close(1000)
    },
  }
}
