/** A TCP proxy in front of a server, whose connections a test can cut or freeze at any byte. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface CutLine {
  readonly port: number
  /** Connections that are open. */
  readonly size: number
  /** Resets every connection, with whatever is in it. */
  cut(): void
  /** Cuts each connection that there is after so many further bytes of the server: in the middle of a frame, most likely. */
  cutAfter(bytes: number): void
  /** Nothing goes through any more, and nobody is told. New connections work. */
  freeze(): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  left: number
  isFrozen: boolean
}

export async function proxy(to: () => number): Promise<CutLine> {
  const pairs = new Set<Pair>()
  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(to(), '127.0.0.1'), left: Number.POSITIVE_INFINITY, isFrozen: false }
    pairs.add(pair)
    const end = (): void => {
      if (pair.isFrozen) return
      pairs.delete(pair)
      pair.client.destroy()
      pair.server.destroy()
    }
    pair.server.on('data', (bytes) => {
      if (pair.isFrozen) return
      pair.client.write(bytes.subarray(0, pair.left))
      pair.left -= bytes.length
      if (pair.left <= 0) pair.client.end(end)
    })
    client.on('data', (bytes) => pair.isFrozen || pair.server.write(bytes))
    for (const socket of [client, pair.server]) socket.on('close', end).on('error', end)
  })
  await listening(listener)
  const address = listener.address()
  const reset = ({ client, server }: Pair): void => {
    client.resetAndDestroy()
    server.resetAndDestroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get size() {
      return pairs.size
    },
    cut() {
      for (const pair of pairs) reset(pair)
      pairs.clear()
    },
    cutAfter(bytes) {
      for (const pair of pairs) pair.left = Math.min(pair.left, bytes)
    },
    freeze() {
      for (const pair of pairs) pair.isFrozen = true
    },
    close() {
      for (const pair of pairs) reset(pair)
      return new Promise((resolve) => listener.close(() => resolve()))
    },
  }
}

const listening = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
