import { expect, test } from 'vitest'
import { MemoryAdapter } from '../../src/adapters/memory.ts'
import { adapterSuite, suiteLimits } from '../contract/adapter-suite.ts'
import { FakeLoop, SeededRandom } from '../core/fake-loop.ts'

function make(now?: number): { adapter: MemoryAdapter; loop: FakeLoop } {
  const loop = new FakeLoop(now)
  return { loop, adapter: new MemoryAdapter({ clock: loop, loop, random: new SeededRandom(), limitsOf: suiteLimits }) }
}

adapterSuite('memory', async () => {
  const { adapter, loop } = make()
  return { adapter, advance: (ms) => loop.advance(ms), close: () => expect(loop.timers).toBe(0) }
})

const draft = (clientId: string, age: number) =>
  ({ from: { id: 'ann', name: 'Ann' }, body: { kind: 'chat', content: 'x' }, clientId, age }) as const

test('[ROOM-9] memory: forgets a room that nobody is in once nothing of it can be asked for', () => {
  const { adapter, loop } = make()
  adapter.history('never', { epoch: 'e', offset: 0 }, 10)
  expect(adapter.size).toBe(0)
  adapter.subscribe('r')
  adapter.publish('r', draft('one', 0))
  adapter.unsubscribe('r')
  expect([adapter.size, loop.timers]).toEqual([1, 1])
  loop.advance(299_000)
  expect(adapter.size).toBe(1)
  loop.advance(60_000)
  expect([adapter.size, loop.timers]).toEqual([0, 0])
})

test('[ROOM-9] memory: keeps the epoch of a room that somebody is in, however long', () => {
  const { adapter, loop } = make()
  const { epoch } = adapter.subscribe('r')
  adapter.publish('r', draft('one', 0))
  loop.advance(3_600_000)
  expect(adapter.subscribe('r')).toMatchObject({ epoch, offset: 1 })
  expect(loop.timers).toBe(0)
})

test('[ROOM-10] memory: a resend just before the window ends is no new message, whenever the sweep was', () => {
  for (let begin = 0; begin < 250; begin += 10) {
    const { adapter, loop } = make(1_700_000_000_000 + begin)
    adapter.subscribe('r')
    const first = adapter.publish('r', draft('one', 0))
    loop.advance(299_990)
    expect(adapter.publish('r', draft('one', 299_990))).toEqual({ ...first, duplicate: true })
  }
})
