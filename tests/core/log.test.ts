import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogLimits } from '../../src/core/broadcast-adapter.ts'
import { Log, type LogEntry, type Mark } from '../../src/core/log.ts'
import { draws } from './fake-world.ts'

const entry = (offset: number, time = 0, bytes = 1): LogEntry => ({ offset, id: `p${offset}`, time, bytes })

function filled(limits: Partial<LogLimits>, ...entries: readonly LogEntry[]): Log<LogEntry> {
  const log = new Log<LogEntry>({ size: 1000, ttl: 1000, bytes: 1000, ...limits })
  for (const each of entries) log.append(each)
  return log
}

const offsets = (log: Log<LogEntry>): number[] => log.after(0).map(({ offset }) => offset)

describe('a log', () => {
  test('[ROOM-4] keeps the newest, as many as it may', () => {
    const log = filled({ size: 2 }, entry(1), entry(2), entry(3))
    expect(offsets(log)).toEqual([2, 3])
    expect(log.floor).toEqual({ offset: 1, id: 'p1' })
    expect(log.head).toEqual({ offset: 3, id: 'p3' })
  })

  test('[ROOM-4] keeps what is younger than its time, and not what is exactly as old', () => {
    const log = filled({ ttl: 100 }, entry(1, 0), entry(2, 1), entry(3, 50))
    log.expire(100)
    expect(offsets(log)).toEqual([2, 3])
    log.append(entry(4, 101))
    expect(offsets(log)).toEqual([3, 4])
    expect(log.expires).toBe(201)
  })

  test('[ROOM-4] keeps no more bytes than it may, but the newest always', () => {
    const log = filled({ bytes: 10 }, entry(1, 0, 4), entry(2, 0, 4), entry(3, 0, 4))
    expect(offsets(log)).toEqual([2, 3])
    log.append(entry(4, 0, 11))
    expect(offsets(log)).toEqual([4])
    expect(log.bytes).toBe(11)
  })

  test('log: knows floor and head when nothing is kept', () => {
    const log = filled({ ttl: 10 }, entry(1), entry(2))
    log.expire(10)
    expect(log.size).toBe(0)
    expect(log.expires).toBeUndefined()
    expect(log.markAt(2)).toEqual({ offset: 2, id: 'p2' })
    expect(log.markAt(1)).toBeUndefined()
    expect(log.markAt(3)).toBeUndefined()
  })

  test('log: refuses an offset that is not the next', () => {
    const log = filled({}, entry(1))
    expect(() => log.append(entry(1))).toThrow(RangeError)
    expect(() => log.append(entry(3))).toThrow(RangeError)
    expect(offsets(log)).toEqual([1])
  })

  test('log: goes on after a mark, having forgotten all', () => {
    const log = filled({}, entry(1), entry(2))
    log.restart({ offset: 7, id: 'p7' })
    expect(log.after(0)).toEqual([])
    expect(log.markAt(7)).toEqual({ offset: 7, id: 'p7' })
    log.append(entry(8))
    expect(offsets(log)).toEqual([8])
    expect(log.bytes).toBe(1)
  })

  test('log: reads a part', () => {
    const log = filled({}, ...Array.from({ length: 9 }, (_, i) => entry(i + 1)))
    expect(log.after(4, 2).map(({ offset }) => offset)).toEqual([5, 6])
    expect(log.after(9)).toEqual([])
    expect(log.after(20)).toEqual([])
  })
})

/** What a log is, without any thought for cost. */
class NaiveLog {
  readonly #limits: LogLimits
  kept: LogEntry[] = []
  floor: Mark = { offset: 0 }
  head: Mark = { offset: 0 }

  constructor(limits: LogLimits) {
    this.#limits = limits
  }

  append(added: LogEntry): void {
    this.kept.push(added)
    this.head = { offset: added.offset, id: added.id }
    const { size, bytes } = this.#limits
    while (this.kept.length > size || (this.bytes() > bytes && this.kept.length > 1)) this.#evict()
    this.expire(added.time)
  }

  expire(now: number): void {
    while (this.kept[0] && now - this.kept[0].time >= this.#limits.ttl) this.#evict()
  }

  restart(mark: Mark): void {
    this.kept = []
    this.floor = mark
    this.head = mark
  }

  bytes(): number {
    return this.kept.reduce((sum, each) => sum + each.bytes, 0)
  }

  markAt(offset: number): Mark | undefined {
    if (offset === this.floor.offset) return this.floor
    const found = this.kept.find((each) => each.offset === offset)
    return found && { offset, id: found.id }
  }

  #evict(): void {
    const oldest = this.kept.shift()
    if (oldest) this.floor = { offset: oldest.offset, id: oldest.id }
  }
}

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('append' as const), bytes: fc.nat(30), wait: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), wait: fc.nat(80) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), skip: fc.nat(5) }) },
)
const limits = fc.record({
  size: fc.integer({ min: 1, max: 60 }),
  ttl: fc.integer({ min: 1, max: 400 }),
  bytes: fc.integer({ min: 1, max: 600 }),
})

function agree(log: Log<LogEntry>, naive: NaiveLog): void {
  expect(log.head).toEqual(naive.head)
  expect(log.floor).toEqual(naive.floor)
  expect(log.size).toBe(naive.kept.length)
  expect(log.bytes).toBe(naive.bytes())
  const { offset: floor } = naive.floor
  const { offset: head } = naive.head
  const probes = [0, floor - 1, floor, floor + 1, Math.ceil((floor + head) / 2), head, head + 1]
  for (const at of probes.filter((probe) => probe >= 0)) {
    expect(log.after(at)).toEqual(naive.kept.filter(({ offset }) => offset > at))
    expect(log.after(at, 3)).toEqual(naive.kept.filter(({ offset }) => offset > at).slice(0, 3))
    expect(log.markAt(at)).toEqual(naive.markAt(at))
  }
}

test('[ROOM-4] a log is what a naive one is', () => {
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 150 }), (bounds, steps) => {
      const log = new Log<LogEntry>(bounds)
      const naive = new NaiveLog(bounds)
      let now = 0
      for (const each of steps) {
        if (each.do === 'restart') {
          const mark = { offset: naive.head.offset + each.skip, id: `r${naive.head.offset}` }
          log.restart(mark)
          naive.restart(mark)
          continue
        }
        now += each.wait
        const added = each.do === 'append' ? entry(naive.head.offset + 1, now, each.bytes) : undefined
        for (const one of [log, naive]) added ? one.append(added) : one.expire(now)
      }
      agree(log, naive)
    }),
    draws(400),
  )
})
