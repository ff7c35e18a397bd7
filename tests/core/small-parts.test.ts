import { describe, expect, test } from 'vitest'
import { ONE_BY_ONE } from '../../src/core/fan-out.ts'
import { Lanes } from '../../src/core/lanes.ts'
import { sequentialIds } from '../../src/core/random.ts'
import { RateLimit } from '../../src/core/rate.ts'
import { logLimitsBy } from '../../src/core/settings.ts'
import { byteLength, exceedsBytes, hasControls } from '../../src/core/text.ts'
import { Turns } from '../../src/core/turns.ts'
import { parseDuration, parseSize } from '../../src/core/units.ts'
import { FakeLoop, Gate, raise, SeededRandom } from './fake-loop.ts'
import { World } from './fake-world.ts'

describe('[WS-17] rate', () => {
  test('allows a second at once, then as many a second', () => {
    const rate = new RateLimit(3)
    const taken = (now: number): number => Array.from({ length: 9 }, () => rate.take(now)).filter(Boolean).length
    expect(taken(1000)).toBe(3)
    expect(taken(1300)).toBe(0)
    expect(taken(1667)).toBe(2)
    expect(taken(60_000)).toBe(3)
  })

  test('0 allows all', () => {
    const rate = new RateLimit(0)
    expect(Array.from({ length: 1000 }, () => rate.take(5)).every(Boolean)).toBe(true)
  })
})

describe('units', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['2D', 172_800_000],
    [' 10 s ', 10_000],
    ['0s', 0],
    ['0', 0],
  ])('units: the duration %j is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

  test.each(['', '5', 's', '-1s', '1 s s', '1e3s', '.5s', '5 constructor', '1,5s'])(
    'units: %j is no duration',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  )

  test.each([
    ['65536', 65_536],
    ['64KiB', 65_536],
    ['64kb', 64_000],
    ['4 MB', 4_000_000],
    ['1.5GiB', 1_610_612_736],
    ['7b', 7],
  ])('units: the size %j is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  test.each(['', 'KiB', '-1', '1e6', '4 MiBs', '0x10', '1 tb'])('units: %j is no size', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  )
})

describe('text', () => {
  const samples = [
    '',
    'abc',
    'é',
    '€uro',
    '😀',
    'a😀b',
    '\ud800',
    '\udc00',
    '\udc00\ud800',
    '\ud83d\ud83d\ude00',
    '\u07ff\u0800\uffff',
  ]

  test.each(samples)('[WS-6] text: the bytes of %j are those of UTF-8', (text) => {
    expect(byteLength(text)).toBe(new TextEncoder().encode(text).length)
  })

  test('[WS-6] text: exceeds a limit by bytes, not by characters', () => {
    for (const text of samples) {
      const bytes = new TextEncoder().encode(text).length
      expect(exceedsBytes(text, bytes)).toBe(false)
      if (bytes > 0) expect(exceedsBytes(text, bytes - 1)).toBe(true)
    }
  })

  test('[WS-10] text: knows controls', () => {
    expect(['\u0000', 'a\nb', '\u007f', '\u0085'].every(hasControls)).toBe(true)
    expect(['', 'a b', '\u00a0', '😀', '\u2028'].some(hasControls)).toBe(false)
  })
})

describe('[WS-14] lanes', () => {
  test('run tasks of one key in order, and those of another beside them', async () => {
    const lanes = new Lanes()
    const done: string[] = []
    const gate = new Gate<void>()
    const note = (name: string) => (): void => {
      done.push(name)
    }
    lanes.run('a', () => gate.promise.then(note('a1')))
    lanes.run('a', note('a2'))
    lanes.run('a', () => Promise.resolve().then(note('a3')))
    lanes.run('a', note('a4'))
    lanes.run('b', note('b1'))
    expect(done).toEqual(['b1'])
    gate.open()
    await new World().rest()
    expect(done).toEqual(['b1', 'a1', 'a2', 'a3', 'a4'])
  })

  test('keep the order of a task that is added while another one runs', () => {
    const lanes = new Lanes()
    const done: string[] = []
    lanes.run('a', () => {
      lanes.run('a', () => void done.push('second'))
      done.push('first')
    })
    expect(done).toEqual(['first', 'second'])
  })

  test('closed, they forget what has not begun', async () => {
    const lanes = new Lanes()
    const done: string[] = []
    lanes.run('a', () => Promise.resolve().then(() => void done.push('begun')))
    lanes.run('a', () => void done.push('waiting'))
    lanes.close()
    await new World().rest()
    expect(done).toEqual(['begun'])
  })
})

describe('turns', () => {
  test('turns: number and tasks change at the end of a turn only', () => {
    const loop = new FakeLoop()
    const turns = new Turns(loop, raise)
    const first = turns.current()
    const done: number[] = []
    turns.atEnd(() => {
      done.push(turns.current())
      turns.atEnd(() => void done.push(turns.current()))
    })
    expect(turns.current()).toBe(first)
    loop.turn()
    expect(done).toEqual([first])
    expect(turns.current()).toBe(first + 1)
    loop.turn()
    expect(done).toEqual([first, first + 1])
  })
})

test('turns: what one task throws is told, and takes nothing from the others', () => {
  const loop = new FakeLoop()
  const told: unknown[] = []
  const turns = new Turns(loop, (reason) => told.push(reason))
  const done: string[] = []
  const first = turns.current()
  for (const [when, name] of [
    ['atEnd', 'at the end'],
    ['flushAtEnd', 'flush'],
  ] as const) {
    turns[when](() => raise(name))
    turns[when](() => done.push(name))
  }
  loop.turn()
  expect(told).toEqual(['flush', 'at the end'])
  expect(done).toEqual(told)
  expect(turns.current()).toBe(first + 1)
})

test('turns: what is flushed at the end of one is brought to the sockets together, before anything else is done', () => {
  const loop = new FakeLoop()
  const done: string[] = []
  const turns = new Turns(loop, () => done.push('failed'), {
    ...ONE_BY_ONE,
    beginTurn: (rooms) => done.push(`${rooms} rooms`),
    endTurn: () => {
      done.push('written')
      return 3
    },
  })
  turns.atEnd(() => done.push('task'))
  turns.flushAtEnd(() => {
    done.push('flush')
    turns.flushAtEnd(() => done.push('later flush'))
    turns.atEnd(() => done.push('later task'))
  })
  turns.flushAtEnd(() => raise('broken'))
  loop.turn()
  expect(done).toEqual(['2 rooms', 'flush', 'failed', 'written', 'task', 'later task'])
  loop.turn()
  expect(done.slice(6)).toEqual(['1 rooms', 'later flush', 'written'])
  expect(turns.together).toBe(6)
})

describe('[ROOM-4] settings', () => {
  const fallback = { size: 100, ttl: 1000, bytes: 5000 }
  const limitsOf = logLimitsBy(
    {
      'game:*:chat': { history: { size: 7 } },
      'game:*': { history: { ttl: 5 } },
      'a.b': { history: { bytes: 1 } },
      '(*)': {},
    },
    fallback,
  )

  test.each([
    ['lobby', fallback],
    ['game:1', { ...fallback, ttl: 5 }],
    ['game:', { ...fallback, ttl: 5 }],
    ['game:1:chat', { ...fallback, size: 7 }],
    ['game:a\u2028b:chat', { ...fallback, size: 7 }],
    ['a.b', { ...fallback, bytes: 1 }],
    ['axb', fallback],
    ['the game:1', fallback],
    ['(x)', fallback],
  ])('settings: the first pattern that fits %j bounds its log', (room, expected) => {
    expect(limitsOf(room)).toEqual(expected)
  })
})

test('random: ids in sequence are unique within a process and have a prefix of their own', () => {
  const random = new SeededRandom()
  const [one, other] = [sequentialIds(random), sequentialIds(random)]
  const ids = Array.from({ length: 100 }, () => [one(), other()]).flat()
  expect(new Set(ids).size).toBe(200)
})
