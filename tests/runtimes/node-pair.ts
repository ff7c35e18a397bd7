import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { findDirect } from '../../src/runtimes/node/transport.ts'
import { type Frame, parseFrame } from '../contract/frames.ts'

/** The ways in which sockets of Node are read and written. */
export const WAYS = [
  ['past the stream', findDirect()],
  ['on the stream', undefined],
] as const

/** Who hears nothing of a socket. */
export const DEAF = { text: () => {}, binary: () => {}, alive: () => {}, closed: () => {} }

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: parlor\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

export interface Pair<T> {
  /** What was made of the socket as soon as it had opened. */
  readonly made: T
  readonly ws: WebSocket
  readonly socket: Socket
  /** Has read the answer to its handshake, and nothing more. */
  readonly peer: Socket
}

/** A socket of a `ws` server with these options, over a real connection, until the test has finished. */
export async function pairOf<T>(make: (ws: WebSocket, socket: Socket) => T, options: object = {}): Promise<Pair<T>> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, ...options })
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('unreachable: it listens')
  const peer = connect(address.port, '127.0.0.1')
  peer.setNoDelay()
  peer.on('error', () => {})
  const opened = new Promise<Omit<Pair<T>, 'peer'>>((resolve) => {
    server.once('connection', (ws, { socket }) => resolve({ made: make(ws, socket), ws, socket }))
  })
  peer.write(HANDSHAKE)
  await once(peer, 'readable')
  peer.read()
  const pair = { ...(await opened), peer }
  onTestFinished(() => {
    pair.socket.destroy()
    peer.destroy()
    server.close()
  })
  return pair
}

/** The peer's frames, those that came together at once. */
export async function* framesFrom(peer: Socket): AsyncGenerator<readonly Frame[]> {
  let rest = Buffer.alloc(0)
  for await (const chunk of peer.iterator({ destroyOnReturn: false })) {
    const frames: Frame[] = []
    rest = Buffer.concat([rest, chunk])
    for (let parsed = parseFrame(rest); parsed; parsed = parseFrame(rest)) {
      frames.push(parsed.frame)
      rest = rest.subarray(parsed.size)
    }
    yield frames
  }
}
