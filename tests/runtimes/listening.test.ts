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
import { RawSocket } from '../contract/raw-socket.ts'
import { unchecked } from '../unchecked.ts'

/** A server with Parlor behind `helper`; every socket of its `ws` server goes to `met` first. */
async function serve(helper: UpgradeWebSocket, met: (ws: WebSocket) => void): Promise<RawSocket> {
  const runtime = { ...nodeRuntime, upgradeWebSocket: withOurOffer(helper) }
  const app = new Hono().route('/', createParlor(runtime, { auth: 'off' }).routes)
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
  const socket = await RawSocket.connect(address.port)
  onTestFinished(() => socket.destroy())
  await socket.upgrade()
  expect(await socket.nextText()).toContain('"welcome"')
  return socket
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
