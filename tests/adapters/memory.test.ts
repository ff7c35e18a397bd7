import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { MemoryAdapter } from '../../src/adapters/memory.ts'
import type { Draft, Publication } from '../../src/core/broadcast-adapter.ts'
import { adapterSuite, suiteLimits } from '../contract/adapter-suite.ts'
import { FakeLoop, SeededRandom } from '../core/fake-loop.ts'

function make(now?: number, totalBytes?: number): { adapter: MemoryAdapter; loop: FakeLoop } {
  const loop = new FakeLoop(now)
  const deps = { clock: loop, loop, random: new SeededRandom(), limitsOf: suiteLimits }
  return { loop, adapter: new MemoryAdapter({ ...deps, ...(totalBytes === undefined ? {} : { totalBytes }) }) }
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

test('[ROOM-9] memory: a publish that is refused leaves nothing of a room behind', () => {
  const { adapter, loop } = make()
  expect(() => adapter.publish('r', draft('old', 400_000))).toThrow(/Too long ago/)
  expect([adapter.size, loop.timers]).toEqual([0, 0])
})

test('publications are of one shape to V8: readers of them look nothing up', () => {
  setFlagsFromString('--allow-natives-syntax')
  const haveSameShape = new Function('a', 'b', 'return %HaveSameMap(a, b)')
  const { adapter } = make()
  const heard: Publication[] = []
  adapter.start({ deliver: (_room, _epoch, publications) => heard.push(...publications), restored: () => {} })
  for (const room of ['r', 'other']) adapter.subscribe(room)
  for (const room of ['r', 'r', 'other'])
    adapter.publish(room, { from: { id: 'ann', name: 'Ann' }, body: { kind: 'chat', content: 'x' } })
  expect(heard.length).toBe(3)
  for (const publication of heard) expect(haveSameShape(heard[0], publication)).toBe(true)
})

describe('[ROOM-4] memory: all logs together are bounded', () => {
  const TOTAL = 100_000
  const KIB = 'x'.repeat(1000)
  const say = (content: string, clientId?: string, age?: number): Draft => ({
    from: { id: 'ann', name: 'Ann' },
    body: { kind: 'chat', content },
    ...(clientId === undefined ? {} : { clientId }),
    ...(age === undefined ? {} : { age }),
  })
  const kept = (adapter: MemoryAdapter, room: string): number =>
    adapter.history(room, { epoch: '', offset: 0 }, 1000).publications.length

  test('of logs that nobody is subscribed to, the least recently published goes first', () => {
    const { adapter } = make(undefined, TOTAL)
    for (let i = 0; i < 50; i++) adapter.publish(`r${i}`, say(KIB))
    adapter.publish('r0', say(KIB))
    for (let i = 50; i < 65; i++) adapter.publish(`r${i}`, say(KIB))
    expect(adapter.bytes).toBeGreaterThan(TOTAL / 2)
    expect(adapter.bytes).toBeLessThanOrEqual(TOTAL)
    expect([kept(adapter, 'r0'), kept(adapter, 'r1'), kept(adapter, 'r64')]).toEqual([2, 0, 1])
  })

  test('of subscribed ones the publications go, after those, but who was caught up can still prove it', () => {
    const { adapter } = make(undefined, TOTAL)
    adapter.subscribe('r')
    const { position } = adapter.publish('r', say(KIB))
    for (let i = 0; i < 100; i++) adapter.publish(`idle${i}`, say(KIB))
    expect(kept(adapter, 'r')).toBe(1)
    for (let i = 0; i < 100; i++) {
      adapter.subscribe(`held${i}`)
      adapter.publish(`held${i}`, say(KIB))
      expect(adapter.bytes).toBeLessThanOrEqual(TOTAL)
      expect(kept(adapter, `held${i}`)).toBe(1)
    }
    if (!position) throw new Error('no position')
    expect(adapter.history('r', position, 10)).toEqual({
      publications: [],
      start: position,
      head: position,
      intact: true,
    })
    expect(adapter.publish('r', say('x')).position).toMatchObject({ epoch: position.epoch, offset: 2 })
  })

  test('client ids count, and a resend of a forgotten one is no new message', () => {
    const { adapter, loop } = make(undefined, TOTAL)
    adapter.subscribe('r')
    adapter.publish('r', say('x', 'first'))
    adapter.publish('idle', say('x', 'first'))
    loop.advance(1000)
    for (let i = 0; i < 500; i++) adapter.publish('r', { ...say('x', `${i}`), from: { id: `u${i}`, name: 'U' } })
    expect(adapter.bytes).toBeLessThanOrEqual(TOTAL)
    expect(() => adapter.publish('r', say('x', 'first', 1000))).toThrow(/Too long ago/)
    expect(() => adapter.publish('idle', say('x', 'first', 1000))).toThrow(/Too long ago/)
    expect(adapter.publish('r', say('x', 'later', 0))).toMatchObject({ duplicate: false })
    loop.advance(1)
    expect(adapter.publish('r', say('x', 'later', 1))).toMatchObject({ duplicate: true })
  })

  test('[ROOM-10] nor is it where the log has gone that its id was forgotten in', () => {
    const { adapter, loop } = make(undefined, 1000)
    adapter.subscribe('short')
    for (const clientId of ['one', 'two']) adapter.publish('short', say('x', clientId))
    adapter.unsubscribe('short')
    loop.advance(2000)
    expect(() => adapter.publish('short', say('x', 'one', 2000))).toThrow(/Too long ago/)
    expect(adapter.publish('short', say('x', 'new', 0))).toMatchObject({ duplicate: false })
  })

  test('a room that alone exceeds the budget keeps its newest publication', () => {
    const { adapter } = make(undefined, 1000)
    for (let i = 1; i <= 3; i++) {
      adapter.publish('r', say('x'.repeat(5000)))
      expect(kept(adapter, 'r')).toBe(1)
    }
    expect(adapter.publish('r', say('x')).position?.offset).toBe(4)
  })

  test('[ROOM-9] what is counted is gone with what it was counted for', () => {
    const { adapter, loop } = make(undefined, TOTAL)
    for (let i = 0; i < 300; i++) adapter.publish(`short${i % 70}`, say(KIB, `${i}`))
    adapter.subscribe('short1')
    loop.advance(400_000)
    expect([adapter.bytes, adapter.size, loop.timers]).toEqual([0, 1, 0])
  })
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

test('[ROOM-4] memory: the budget holds for what publications take, whatever they are made of', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const heap = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const budget = 8 * 1024 * 1024
  const before = heap()
  const { adapter } = make(undefined, budget)
  for (let at = 0; at < 200; at++) {
    const data = JSON.parse(`[${Array.from({ length: 20_000 }, () => '{}').join(',')}]`)
    adapter.publish(`r${at % 4}`, { from: { id: 'ann', name: 'Ann' }, body: { kind: 'event', name: 'e', data } })
  }
  const taken = heap() - before
  expect(adapter.bytes).toBeLessThanOrEqual(budget)
  expect(taken).toBeLessThan(3 * budget)
})
