import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Client, GATEWAY, strike, within } from './parlor-objects.ts'
import { clock, ownTime } from './time.ts'

/** ms of silence after which a peer is dropped. */
const PATIENCE = 70_000

beforeEach(() => {
  ownTime()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const open = (): Promise<number> =>
  within(GATEWAY, (state) => state.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN).length)

/** The object has lost its memory when its alarm strikes. */
async function wakeByAlarm(): Promise<void> {
  await evictDurableObject(env.PARLOR.getByName(GATEWAY))
  expect(await strike(GATEWAY)).toBe(true)
}

test('[WORKER-9] [BEAT-1] any frame of who agreed to parlor.v1 is a sign of life, also where memory is lost after it', async () => {
  const ann = await Client.open('', 'parlor.v1')
  await ann.next('welcome')
  for (let pings = 0; pings < 4; pings++) {
    clock.pass(PATIENCE - 5000)
    // The runtime answers a ping without more in it by itself.
    ann.send({ type: 'ping', ref: pings })
    expect(await ann.next('pong')).toMatchObject({ ref: pings })
    await wakeByAlarm()
    expect(await open()).toBe(1)
  }
  clock.pass(PATIENCE)
  await wakeByAlarm()
  expect(await open()).toBe(0)
})
