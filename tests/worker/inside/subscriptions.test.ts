import { expect, test } from 'vitest'
import { ObjectAdapter } from '../../../src/adapters/object-adapter.ts'
import type { RoomPeer } from '../../../src/adapters/object-peers.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import { DEFAULT_LOG_LIMITS } from '../../../src/core/settings.ts'
import { systemRandom } from '../../../src/http/platform.ts'
import { eventLoop } from '../../../src/runtimes/worker/loop.ts'
import { storeOf } from '../../../src/runtimes/worker/store.ts'
import { within } from './parlor-objects.ts'
import { clock } from './time.ts'

const HEAD: StreamPosition = { epoch: 'e', offset: 0 }

test('[ROOM-3] [ROOM-14] a room that was given up, and entered anew before that failed at last, is heard of', async () => {
  const isHeard = await within('gw:here:anew', async ({ storage }) => {
    const failures: (() => void)[] = []
    const late = new Promise<StreamPosition>((_, reject) => failures.push(() => reject(new Error('down'))))
    const answers = [late, Promise.resolve(HEAD)]
    const adapter = new ObjectAdapter({
      ...nobody,
      roomPeer: () => ({ ...absent, subscribe: () => answers.shift() ?? absent.subscribe('') }),
      store: storeOf(storage),
    })
    const first = Promise.resolve(adapter.subscribe('r')).catch(() => 'failed')
    const left = adapter.unsubscribe('r')
    const second = adapter.subscribe('r')
    for (const fail of failures) fail()
    expect(await first).toBe('failed')
    await left
    expect(await second).toEqual(HEAD)
    return adapter.hear('r', [])
  })
  expect(isHeard).toBe(true)
})

const away = (): Promise<never> => Promise.reject(new Error('nobody is there'))
const absent: RoomPeer = { subscribe: away, unsubscribe: () => Promise.resolve(), publish: away, history: away }
const nobody = {
  audiencePeer: () => ({ announce: away }),
  clock,
  loop: eventLoop,
  random: systemRandom,
  log: { debug: () => {}, info: () => {}, warn: console.warn, error: console.error },
  limitsOf: () => DEFAULT_LOG_LIMITS,
  object: 'gw:here:anew',
  room: undefined,
  lookAt: () => {},
}
