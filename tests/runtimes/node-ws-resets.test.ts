import { once } from 'node:events'
import { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createNodeWebSocket, createParlor } from '../../src/runtimes/node-ws/index.ts'
import { handshake } from '../contract/handshake.ts'
import { RawSocket } from '../contract/raw-socket.ts'
import { Gate } from '../core/fake-loop.ts'

/** A peer asks for a WebSocket, and is gone before `gate` opens, which the handshake waits for from when it has `asked` on. */
async function resetInHandshake(
  app: Hono,
  nodeWs: ReturnType<typeof createNodeWebSocket>,
  path: string,
  [asked, gate]: readonly [Gate<void>, Gate<void>],
): Promise<void> {
  const server = createAdaptorServer({ fetch: app.fetch })
  if (!(server instanceof Server)) throw new TypeError('an HTTP server is needed')
  nodeWs.injectWebSocket(server)
  const gone = new Gate<void>()
  server.on('connection', (socket: Socket) => socket.once('close', () => gone.open()))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('unreachable: it listens')
  const socket = await RawSocket.connect(address.port)
  socket.write(handshake(address.port, { path }))
  await asked.promise
  socket.reset()
  await gone.promise
  gate.open()
}

test('[HTTP-3] with node-ws nothing is reported of a peer that goes away in mid-handshake', async () => {
  const [asked, gate] = [new Gate<void>(), new Gate<void>()]
  const reported: unknown[] = []
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (message: string) => reported.push(message) }
  const printed = vi.spyOn(console, 'error').mockImplementation((...words) => reported.push(words))
  onTestFinished(() => printed.mockRestore())
  const authenticate = async () => {
    asked.open()
    await gate.promise
    return { user: { id: 'ann', name: 'Ann' } }
  }
  const app = new Hono()
  const nodeWs = createNodeWebSocket({ app })
  app.route('/', createParlor(nodeWs, { auth: { authenticate }, log }).routes)
  await resetInHandshake(app, nodeWs, '/ws?token=x', [asked, gate])
  for (let turns = 0; turns < 10; turns++) await setImmediate()
  expect(reported).toEqual([])
})

test("[HTTP-5] with node-ws an application's own socket whose peer goes away in mid-handshake can be sent to, and is closed", async () => {
  const [asked, gate, closed] = [new Gate<void>(), new Gate<void>(), new Gate<void>()]
  const failed: unknown[] = []
  const app = new Hono()
  const nodeWs = createNodeWebSocket({ app })
  app.get(
    '/mine',
    async (_c, next) => {
      asked.open()
      await gate.promise
      await next()
    },
    nodeWs.upgradeWebSocket(() => ({
      onOpen: (_event, ws) => {
        for (const act of [() => ws.send('hello'), () => ws.close(4000, 'bye')]) {
          try {
            act()
          } catch (reason) {
            failed.push(reason)
          }
        }
      },
      onClose: () => closed.open(),
    })),
  )
  await resetInHandshake(app, nodeWs, '/mine', [asked, gate])
  await closed.promise
  expect(failed).toEqual([])
})
