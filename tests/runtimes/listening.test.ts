import { once } from 'node:events'
import { IncomingMessage, Server } from 'node:http'
import { Socket } from 'node:net'
import { createAdaptorServer, upgradeWebSocket } from '@hono/node-server'
import { Hono } from 'hono'
import { defineWebSocketHelper, type UpgradeWebSocket } from 'hono/ws'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { guardUpgrades, nodeRuntime } from '../../src/runtimes/node/index.ts'
import { withOurOffer } from '../../src/runtimes/node/offer.ts'
import { lettingGo } from '../../src/runtimes/node/opening.ts'
import { createParlor } from '../../src/runtimes/parlor.ts'
import { frame, OPCODE } from '../contract/frames.ts'
import { RawSocket } from '../contract/raw-socket.ts'
import { Gate } from '../core/fake-loop.ts'
import { unchecked } from '../unchecked.ts'

/** A server with Parlor behind `helper`; every socket of its `ws` server goes to `met` first. */
async function serve(helper: UpgradeWebSocket, met: (ws: WebSocket) => void): Promise<RawSocket> {
  const runtime = { ...nodeRuntime, upgradeWebSocket: withOurOffer(helper) }
  const app = new Hono().route('/', createParlor(runtime, { auth: 'off' }).routes)
  const [socket] = await connect(app, met, 1)
  if (!socket) throw new Error('unreachable: one was asked for')
  await socket.upgrade()
  expect(await socket.nextText()).toContain('"welcome"')
  return socket
}

/** Serves the app and connects so many times. */
async function connect(app: Hono, met: (ws: WebSocket) => void, count: number): Promise<RawSocket[]> {
  const wss = new WebSocketServer({ noServer: true, clientTracking: false }).on('connection', met)
  const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: unchecked(wss) } })
  if (!(server instanceof Server)) throw new TypeError('an HTTP server is needed')
  guardUpgrades(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('unreachable: it listens')
  const { port } = address
  const sockets = await Promise.all(Array.from({ length: count }, () => RawSocket.connect(port)))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  return sockets
}

/** A server whose one connection is taken, and a socket that was let in by auth before that, and then sent away. */
async function sentAway(): Promise<RawSocket> {
  const gate = new Gate<void>()
  const runtime = { ...nodeRuntime, upgradeWebSocket: withOurOffer(lettingGo(upgradeWebSocket)) }
  let asked = 0
  const authenticate = async () => {
    if (++asked === 2) gate.open()
    await gate.promise
    return { user: { id: 'ann', name: 'Ann' } }
  }
  const parlor = createParlor(runtime, { auth: { authenticate }, limits: { connections: 1 } })
  const sockets = await connect(new Hono().route('/', parlor.routes), () => {}, 2)
  await Promise.all(sockets.map((socket) => socket.upgrade({ path: '/ws?token=x' })))
  const firsts = await Promise.all(sockets.map((socket) => socket.frame()))
  const away = sockets.find((_, at) => firsts[at]?.opcode === OPCODE.close)
  if (!away) throw new Error('both were let in')
  return away
}

/** A helper that adds a listener of its own when the one of `onOpen` is long done. */
const late = defineWebSocketHelper<WebSocket>((c, events, options) =>
  upgradeWebSocket(
    c,
    {
      onOpen: (event, ws) => {
        events.onOpen?.(event, unchecked(ws))
        setImmediate(() =>
          ws.raw?.on('message', (data) =>
            events.onMessage?.(new MessageEvent('message', { data: String(data) }), unchecked(ws)),
          ),
        )
      },
    },
    options,
  ),
)

const pings = ['{"type":"ping","ref":1}', '{"type":"ping","ref":2}', '{"type":"ping","ref":3}']
const pongs = ['{"type":"pong","ref":1}', '{"type":"pong","ref":2}', '{"type":"pong","ref":3}']

async function answers(socket: RawSocket): Promise<string[]> {
  const texts: string[] = []
  for (const ping of pings) socket.text(ping)
  while (texts.length < pings.length) texts.push(await socket.nextText())
  return texts
}

describe('listening to a socket in place of the helper that opened it', () => {
  test("the helper's own listeners are taken off, the application's are not", async () => {
    const sockets: WebSocket[] = []
    const heard: string[] = []
    const socket = await serve(unchecked(upgradeWebSocket), (ws) => {
      sockets.push(ws)
      ws.on('message', (data) => heard.push(String(data)))
    })
    expect(await answers(socket)).toEqual(pongs)
    expect(heard).toEqual(pings)
    const counts = ['message', 'close', 'error'].map((name) => sockets[0]?.listenerCount(name))
    expect(counts).toEqual([2, 1, 1])
  })

  test('[WS-13] where a helper adds one later, every message is heard once all the same', async () => {
    expect(await answers(await serve(unchecked(late), () => {}))).toEqual(pongs)
  })
})

describe('opening a socket', () => {
  test('node-server is asked for it directly, without its helper', async () => {
    let helped = 0
    const helper = defineWebSocketHelper<WebSocket>(() => {
      helped++
    })
    const sockets: WebSocket[] = []
    const socket = await serve(unchecked(lettingGo(unchecked(helper))), (ws) => sockets.push(ws))
    expect(await answers(socket)).toEqual(pongs)
    expect(helped).toBe(0)
    expect(['message', 'close', 'error'].map((name) => sockets[0]?.listenerCount(name))).toEqual([1, 1, 1])
  })

  test('where it does not answer to that, the helper opens it', async () => {
    const helper = defineWebSocketHelper(() => new Response('the helper', { status: 218 }))
    const app = new Hono().get('/', (c) => lettingGo(unchecked(helper))(c, { onOpen: () => {} }))
    const response = await app.request('/', {}, { incoming: new IncomingMessage(new Socket()), outgoing: undefined })
    expect(response.status).toBe(218)
  })
})

test.each([
  ['an unmasked frame', frame('x', { mask: false })],
  ['reserved bits', frame('x', { rsv: 3 })],
  ['a text that is no UTF-8', frame(Uint8Array.of(0xff))],
])('[HTTP-5] who is sent away at the opening may send %s', async (_, bytes) => {
  const away = await sentAway()
  const thrown: unknown[] = []
  const hear = (reason: unknown): void => void thrown.push(reason)
  process.on('uncaughtExceptionMonitor', hear)
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', hear))
  away.write(bytes)
  await away.ended()
  expect(thrown).toEqual([])
})
