import { expect, test } from 'vitest'
import { MemoryAdapter } from '../../src/adapters/memory.ts'
import type { BroadcastAdapter, LogLimits } from '../../src/core/broadcast-adapter.ts'
import { type Environment, readConfig } from '../../src/core/config.ts'
import type { AdapterDeps, MakeAdapter } from '../../src/runtimes/adapter.ts'
import { memoryAdapter } from '../../src/runtimes/memory.ts'
import { historyOf, storeOf } from '../../src/runtimes/store.ts'
import { FakeLog } from '../core/fake-loop.ts'

interface Opened {
  readonly file: string
  readonly limits: LogLimits
}

function open(env: Environment): { adapter: BroadcastAdapter; opened: Opened[] } {
  const opened: Opened[] = []
  const sqlite =
    (file: string): MakeAdapter =>
    (deps) => {
      opened.push({ file, limits: deps.limitsOf('r') })
      return memoryAdapter()(deps)
    }
  const config = readConfig(env, () => undefined)
  const deps: AdapterDeps = {
    clock: { now: () => 0, wall: () => 0 },
    loop: { endOfTurn: () => {}, after: () => () => {} },
    random: { id: () => 'x' },
    log: new FakeLog(),
    limitsOf: () => historyOf(config),
  }
  return { adapter: storeOf(config, sqlite)(deps), opened }
}

const text = (content: string) => ({ from: { id: 'ann', name: 'Ann' }, body: { kind: 'chat', content } }) as const

test('[ROOM-4] the service keeps logs in memory, within PARLOR_HISTORY_TOTAL', () => {
  const { adapter, opened } = open({ PARLOR_HISTORY_TOTAL: '20kB', PARLOR_HISTORY_SIZE: '2' })
  if (!(adapter instanceof MemoryAdapter)) throw new Error('not in memory')
  expect(opened).toEqual([])
  for (let i = 0; i < 100; i++) adapter.publish(`room ${i % 50}`, text('x'.repeat(1000)))
  expect(adapter.bytes).toBeLessThanOrEqual(20_000)
  expect(adapter.size).toBeGreaterThan(5)
  for (let i = 0; i < 5; i++) adapter.publish('few', text('x'))
  expect(adapter.history('few', { epoch: '', offset: 0 }, 10).publications).toHaveLength(2)
})

test('[ROOM-16] the service keeps logs in the file of PARLOR_STORE, within the same bounds a room', () => {
  const { opened } = open({ PARLOR_STORE: 'sqlite:./x.db', PARLOR_HISTORY_SIZE: '7', PARLOR_HISTORY_TTL: '2m' })
  expect(opened).toMatchObject([{ file: './x.db', limits: { size: 7, ttl: 120_000, bytes: 4 * 1024 * 1024 } }])
})

test('[ROOM-4] a budget that can not be is refused, with what it must be', () => {
  for (const totalBytes of [0, -1, 1.5, Number.NaN]) expect(() => memoryAdapter({ totalBytes })).toThrow(/at least 1/)
})
