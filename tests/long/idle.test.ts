import { describe, expect, onTestFinished, test } from 'vitest'
import { type Served, start } from '../contract/fixtures.ts'
import { handshake } from '../contract/handshake.ts'
import { RawSocket } from '../contract/raw-socket.ts'
import { until } from '../contract/waiting.ts'
import { nodeApp, stats } from './app.ts'

const KIB = 1024
const IDLE = 2000
/** At a time. */
const GROUP = 100
/** Heap of one idle joined connection. 4.4 KiB were measured; with its request held for as long as it lives, 12.5. */
const MOST = 7 * KIB
/** Heap that may be more after all the handshakes. What 2,000 of them hold while they last would be 20 MiB. */
const LEFT = 2 * 1024 * KIB

async function serve(): Promise<Served> {
  const served = await start(nodeApp, { HEARTBEAT_INTERVAL: '3600000' })
  onTestFinished(async () => void (await served.stop()))
  return served
}

async function inGroups<T>(count: number, one: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  while (all.length < count) all.push(...(await Promise.all(Array.from({ length: GROUP }, one))))
  return all
}

async function join({ port }: Served): Promise<RawSocket> {
  const socket = await RawSocket.connect(port)
  onTestFinished(() => socket.destroy())
  await socket.upgrade({ path: '/ws?room=idle' })
  expect(await socket.nextText()).toContain('"welcome"')
  expect(await socket.nextText()).toContain('"joined"')
  return socket
}

/** What nobody is connected to any more holds, after what is made once has been made. */
function atRest(served: Served): Promise<number> {
  return until('nobody is connected', async () => {
    const { connections, heap } = await stats(served)
    return connections === 0 ? heap : undefined
  })
}

describe('memory on Node', () => {
  test(`[CONN-2] an idle joined connection holds less than ${MOST} bytes of heap, and nothing once it is gone`, async () => {
    const served = await serve()
    for (const socket of await inGroups(GROUP, () => join(served))) socket.destroy()
    const before = await atRest(served)
    const sockets = await inGroups(IDLE, () => join(served))
    const { connections, heap } = await stats(served)
    expect(connections).toBe(IDLE)
    const each = (heap - before) / IDLE
    for (const socket of sockets) socket.destroy()
    const left = (await atRest(served)) - before
    console.log(`${Math.round(each)} bytes of heap a connection; ${Math.round(left / KIB)} KiB left by ${IDLE}`)
    expect(each).toBeLessThan(MOST)
    expect(left).toBeLessThan(LEFT)
  })

  test('[CONN-2] [HTTP-5] handshakes that are reset, or have no key, leave nothing behind', async () => {
    const served = await serve()
    const reset = async (): Promise<void> => {
      const socket = await RawSocket.connect(served.port)
      await socket.push(handshake(served.port))
      socket.reset()
    }
    const withoutKey = async (): Promise<void> => {
      const socket = await RawSocket.connect(served.port)
      socket.write(handshake(served.port, { headers: { 'Sec-WebSocket-Key': undefined } }))
      expect((await socket.response()).status).toBe(400)
      socket.destroy()
    }
    await inGroups(GROUP, reset)
    await inGroups(GROUP, withoutKey)
    const before = await atRest(served)
    await inGroups(2000, reset)
    const afterResets = (await atRest(served)) - before
    await inGroups(5000, withoutKey)
    const afterAll = (await atRest(served)) - before
    console.log(
      `${Math.round(afterResets / KIB)} KiB after 2,000 resets, ${Math.round(afterAll / KIB)} after 5,000 without a key`,
    )
    expect(afterResets).toBeLessThan(LEFT)
    expect(afterAll).toBeLessThan(LEFT)
  })
})
