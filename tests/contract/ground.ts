/** What the sections stand on: servers, peers and sockets that go when their test does. */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { ServerFrame } from '../../src/core/protocol.ts'
import { type Environment, type Fixture, type Served, start } from './fixtures.ts'
import { type HandshakeOptions, type Headers, handshake, NO_UPGRADE, type Response } from './handshake.ts'
import { Peer, type PeerOptions, token } from './peer.ts'
import { RawSocket } from './raw-socket.ts'

export interface Ground {
  readonly fixture: Fixture
  /** The server that most tests share. */
  readonly served: () => Served
}

export const SOCKET_ROUTES = ['/echo', '/chat', '/ws'] as const

/** A server for all tests of the section that asks, which must live to their end. */
export function shared(fixture: Fixture, environment: Environment = {}): () => Served {
  let served: Served | undefined
  beforeAll(async () => {
    served = await start(fixture, environment)
  }, 30_000)
  afterAll(async () => {
    const died = served?.died()
    await served?.stop()
    if (died !== undefined) throw new Error(`the server ended by itself: ${died}`)
  })
  return () => {
    if (served === undefined) throw new Error('the server is not running')
    return served
  }
}

/** A server for one test. */
export async function own(fixture: Fixture, environment: Environment = {}): Promise<Served> {
  const served = await start(fixture, environment)
  onTestFinished(async () => {
    await served.stop()
  })
  return served
}

export async function peer(served: Served, options: PeerOptions = {}): Promise<Peer> {
  const opened = await Peer.open(served, options)
  onTestFinished(() => opened.terminate())
  return opened
}

/** A peer in a room, `welcome` and `joined` taken. */
export async function member(served: Served, room: string, options: PeerOptions = {}): Promise<Peer> {
  const direct = served.direct === true
  const opened = await peer(served, direct ? { ...options, query: { ...options.query, room } } : options)
  await opened.next('welcome')
  if (direct) await opened.next('joined')
  else await opened.join(room)
  return opened
}

/** A TCP connection. */
export async function raw(served: Served): Promise<RawSocket> {
  const socket = await RawSocket.connect(served.port)
  onTestFinished(() => socket.destroy())
  return socket
}

export async function bearer(user = 'raw'): Promise<Headers> {
  return { Authorization: `Bearer ${await token({ sub: user })}` }
}

/** A raw socket after a good handshake with a good token. */
export async function dial(served: Served, path: string, headers: Headers = {}): Promise<RawSocket> {
  const socket = await raw(served)
  await socket.upgrade({ path, headers: { ...(await bearer()), ...headers } })
  return socket
}

/** The answer to one request on a connection of its own. */
export async function exchange(served: Served, options: HandshakeOptions): Promise<Response> {
  const socket = await raw(served)
  socket.write(handshake(served.port, options))
  const response = await socket.response()
  socket.destroy()
  return response
}

export function get(served: Served, path: string, headers: Headers = {}): Promise<Response> {
  return exchange(served, { path, headers: { ...NO_UPGRADE, ...headers } })
}

export async function healthy(served: Served): Promise<boolean> {
  const { status, body } = await get(served, '/health')
  return status === 200 && body === 'ok'
}

export function parseFrameText(text: string): ServerFrame {
  return v.parse(ServerFrame, JSON.parse(text))
}

/** Bytes of memory that a process holds. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

let rooms = 0
/** A room's name that no other test uses. */
export const freshRoom = (): string => `room-${++rooms}`
