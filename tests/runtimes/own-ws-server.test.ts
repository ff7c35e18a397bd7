import { once } from 'node:events'
import { Server } from 'node:http'
import { createRequire } from 'node:module'
import { createAdaptorServer } from '@hono/node-server'
import { createNodeWebSocket } from '@hono/node-ws'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { answering, createParlor, createWebSocketServer, guardUpgrades } from '../../src/runtimes/node/index.ts'
import { createParlor as createParlorOnNodeWs } from '../../src/runtimes/node-ws/index.ts'
import { type HandshakeOptions, handshake } from '../contract/handshake.ts'
import { RawSocket } from '../contract/raw-socket.ts'
import { unchecked } from '../unchecked.ts'

type App = { readonly port: number }

async function listening(server: unknown): Promise<App> {
  if (!(server instanceof Server)) throw new TypeError('an HTTP server is needed')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('unreachable: it listens')
  return { port: address.port }
}

/** An application that serves itself, by node-server and a `ws` server of its own. */
function served(wss: object): Promise<App> {
  const app = new Hono().route('/', createParlor({ auth: 'off' }).routes)
  const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: unchecked(wss) } })
  guardUpgrades(server)
  return listening(server)
}

/** The same by node-ws, without Parlor's guard. */
function servedByNodeWs(): Promise<App> {
  const app = new Hono()
  const nodeWs = createNodeWebSocket({ app })
  app.route('/', createParlorOnNodeWs(nodeWs, { auth: 'off' }).routes)
  const server = createAdaptorServer({ fetch: app.fetch })
  nodeWs.injectWebSocket(server)
  return listening(server)
}

async function dial({ port }: App, offer: string, options: HandshakeOptions = {}) {
  const socket = await RawSocket.connect(port)
  onTestFinished(() => socket.destroy())
  const response = await socket.upgrade({
    ...options,
    headers: { ...options.headers, 'Sec-WebSocket-Protocol': offer },
  })
  return { socket, protocol: response.headers.get('sec-websocket-protocol'), headers: response.headers }
}

/** Another copy of the package, as an application has one that depends on another version. */
function anotherWs(): typeof import('ws') {
  const require = createRequire(import.meta.url)
  const own = (path: string): boolean => /\/node_modules\/ws\//.test(path)
  const kept = Object.entries(require.cache).filter(([path]) => own(path))
  for (const [path] of kept) delete require.cache[path]
  const another = require('ws')
  for (const path of Object.keys(require.cache).filter(own)) delete require.cache[path]
  Object.assign(require.cache, Object.fromEntries(kept))
  return another
}

const OFFERS = [
  ['bearer.secret, parlor.v1', 'parlor.v1'],
  ['bearer.secret,parlor.v1,parlor.v1.batch', 'parlor.v1.batch'],
  ['other, parlor.v1', 'parlor.v1'],
  ['bearer.secret', undefined],
  ['bearer.secret, other', undefined],
] as const

describe("an application's own WebSocket server on Node", () => {
  test.each(OFFERS)('[SUB-1] [SUB-2] of %s a plain one picks %s', async (offer, picked) => {
    const app = await served(new WebSocketServer({ noServer: true }))
    const { socket, protocol } = await dial(app, offer)
    expect(protocol).toBe(picked)
    expect(await socket.nextText()).toContain('"welcome"')
  })

  test.each(OFFERS)('[SUB-1] [SUB-2] of %s node-ws picks %s', async (offer, picked) => {
    const { socket, protocol } = await dial(await servedByNodeWs(), offer)
    expect(protocol).toBe(picked)
    expect(await socket.nextText()).toContain('"welcome"')
  })

  test('[SUB-2] one that picks by itself is never shown the token', async () => {
    const seen: string[][] = []
    const handleProtocols = (offered: Set<string>): false => {
      seen.push([...offered])
      return false
    }
    const app = await served(new WebSocketServer({ noServer: true, handleProtocols }))
    const { socket, protocol } = await dial(app, 'bearer.secret, parlor.v1.batch')
    expect(protocol).toBeUndefined()
    expect(seen).toEqual([['parlor.v1.batch']])
    expect(await socket.nextText()).toContain('"welcome"')
  })

  test('[SUB-3] where it refuses to batch, every frame holds one message', async () => {
    const app = await served(new WebSocketServer({ noServer: true, handleProtocols: () => false }))
    const { socket } = await dial(app, 'parlor.v1.batch', { path: '/ws?room=r' })
    for (const expected of ['welcome', 'joined']) {
      expect(JSON.parse(await socket.nextText())).toMatchObject({ type: expected })
    }
    for (let at = 0; at < 5; at++) socket.text(`{"type":"chat","content":"${at}"}`)
    for (let at = 0; at < 5; at++) expect(JSON.parse(await socket.nextText())).toMatchObject({ content: `${at}` })
  })

  test('[HTTP-2] behind the guard an Upgrade to anything else gets 426', async () => {
    const { port } = await served(createWebSocketServer())
    const socket = await RawSocket.connect(port)
    onTestFinished(() => socket.destroy())
    socket.write(handshake(port, { headers: { Upgrade: 'h2c' } }))
    expect((await socket.response()).status).toBe(426)
  })

  /** An app whose errors a test can read, where nothing prints them. */
  const telling = (): Hono =>
    new Hono().route('/', createParlor({ auth: 'off' }).routes).onError(({ message }, c) => c.text(message, 500))

  async function answerOf(server: unknown): Promise<string> {
    const { port } = await listening(server)
    const socket = await RawSocket.connect(port)
    onTestFinished(() => socket.destroy())
    socket.write(handshake(port))
    return (await socket.response()).body
  }

  test('where there is none the error says what to do', async () => {
    const server = createAdaptorServer({ fetch: telling().fetch })
    expect(await answerOf(server)).toMatch(/^this server takes no WebSockets: take `serve` of parlor\/node, or give/)
  })

  test('where the second argument of fetch is not passed on the error says so', async () => {
    const app = telling()
    const websocket = { server: createWebSocketServer() }
    const server = createAdaptorServer({ fetch: answering((request) => app.fetch(request)), websocket })
    guardUpgrades(server)
    expect(await answerOf(server)).toMatch(/passes its second argument on/)
  })

  test('[AUTH-2] who answers refusals says why', async () => {
    const app = new Hono().route('/', createParlor({ auth: { authenticate: () => undefined } }).routes)
    const websocket = { server: createWebSocketServer() }
    const server = createAdaptorServer({ fetch: answering(app.fetch), websocket })
    guardUpgrades(server)
    const { port } = await listening(server)
    const socket = await RawSocket.connect(port)
    onTestFinished(() => socket.destroy())
    socket.write(handshake(port, { path: '/ws?token=bad' }))
    expect(await socket.response()).toMatchObject({ status: 401, body: 'Invalid token' })
  })

  test('[WS-1] one of another copy of ws serves too', async () => {
    const another = anotherWs()
    expect(another.WebSocketServer).not.toBe(WebSocketServer)
    const app = await served(new another.WebSocketServer({ noServer: true }))
    const { socket } = await dial(app, 'parlor.v1')
    expect(await socket.nextText()).toContain('"welcome"')
  })

  test('[SUB-1] [SUB-4] [WS-6] the one that Parlor makes picks, does not compress, and bounds frames', async () => {
    const app = await served(createWebSocketServer())
    const { socket, protocol, headers } = await dial(app, 'bearer.secret, parlor.v1.batch', {
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    })
    expect(protocol).toBe('parlor.v1.batch')
    expect(headers.get('sec-websocket-extensions')).toBeUndefined()
    socket.text('x'.repeat(1024 * 1024 + 1))
    expect(await socket.close()).toMatchObject({ code: 1009 })
  })
})
