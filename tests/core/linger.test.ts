import { describe, expect, test } from 'vitest'
import { ONE_BY_ONE } from '../../src/core/fan-out.ts'
import { FlushPlan } from '../../src/core/flush-plan.ts'
import { Linger } from '../../src/core/linger.ts'
import { Turns } from '../../src/core/turns.ts'
import { FakeLoop, raise, TimedLoop } from './fake-loop.ts'

interface Load {
  /** ms that a flush takes. */
  readonly cost: number
  /** ms between two turns in which something comes in: later, and all together, where the loop is busy. */
  readonly every: number
  /** Publications that come in at once. */
  readonly burst?: number
  /** ms that other threads work for a flush meanwhile. */
  readonly elsewhere?: number
}

interface Flushed {
  /** ms from when the first of them came in. */
  readonly waited: number
  readonly publications: number
}

function room(loop: FakeLoop, most: number, turns: Turns = new Turns(loop, raise)) {
  const flushes: Flushed[] = []
  let load: Load = { cost: 0, every: 1 }
  let came: number[] = []
  const rhythm = new Linger(loop, turns, most).rhythm(() => {
    rhythm.begin(came.length)
    flushes.push({ waited: loop.now() - (came[0] ?? 0), publications: came.length })
    came = []
    loop.pass(load.cost)
    rhythm.end(load.elsewhere ?? 0, 1, 0)
  })
  const publish = (): void => {
    came.push(loop.now())
    rhythm.added(came.length)
  }
  const under = (ms: number, next: Load): readonly Flushed[] => {
    load = next
    flushes.length = 0
    const end = loop.now() + ms
    for (let due = loop.now(); due < end; ) {
      for (; due <= loop.now(); due += load.every) for (let n = 0; n < (load.burst ?? 1); n++) publish()
      loop.rest()
      loop.advance(Math.max(0, due - loop.now()))
    }
    return [...flushes]
  }
  return { rhythm, publish, under, flushes }
}

const longest = (flushes: readonly Flushed[]): number => Math.max(...flushes.map(({ waited }) => waited))
const mean = (flushes: readonly Flushed[]): number =>
  flushes.reduce((sum, { publications }) => sum + publications, 0) / flushes.length

describe('lingering', () => {
  test.each([
    ['a light load', { cost: 5, every: 20 }],
    ['bursts that leave time to spare', { cost: 20, every: 100, burst: 15 }],
    ['a small room that is busy', { cost: 0, every: 1 }],
  ])('[ROOM-17] %s: nothing waits for the next turn', (_, load) => {
    const flushes = room(new TimedLoop(), 25).under(5000, load)
    expect(longest(flushes)).toBe(0)
    expect(flushes).toHaveLength(5000 / load.every)
  })

  test('[ROOM-17] the rest is as long as what all threads did asks for, but whether there is one is a matter of the loop alone', () => {
    const waits = [0, 4].map((elsewhere) =>
      longest(room(new TimedLoop(), 25).under(5000, { cost: 6, every: 2, elsewhere }).slice(-50)),
    )
    expect(waits[1]).toBeGreaterThan((waits[0] ?? 0) + 3)
    const idle = room(new TimedLoop(), 25).under(5000, { cost: 6, every: 20, elsewhere: 100 })
    expect(longest(idle)).toBe(0)
  })

  test('[ROOM-17] a room rests too where the time goes into what small rooms hand out together', () => {
    const loop = new TimedLoop()
    const endTurn = (): number => {
      loop.pass(12)
      return 12
    }
    const turns = new Turns(loop, raise, { ...ONE_BY_ONE, endTurn })
    expect(longest(room(loop, 25, turns).under(2000, { cost: 5, every: 15 }).slice(-50))).toBeGreaterThan(0)
    expect(longest(room(new TimedLoop(), 25).under(2000, { cost: 5, every: 15 }))).toBe(0)
  })

  test('[ROOM-17] what was sent in one go and is read in several turns goes out together, where handing out takes long', () => {
    for (const [cost, together] of [
      [10, [4]],
      [0.5, [1, 1, 1, 1]],
    ] as const) {
      const loop = new TimedLoop()
      const { publish, under, flushes } = room(loop, 25)
      under(1000, { cost, every: 100 })
      flushes.length = 0
      for (let n = 0; n < 4; n++) {
        publish()
        loop.turn()
      }
      loop.rest()
      expect(flushes.map(({ publications }) => publications)).toEqual(together)
    }
  })

  test('[ROOM-17] a flush waits for turns that bring more for a fifth of what it costs, and no longer', () => {
    const loop = new TimedLoop()
    const { publish, under, flushes } = room(loop, 25)
    under(1000, { cost: 10, every: 100 })
    flushes.length = 0
    for (let n = 0; n < 20; n++) {
      publish()
      loop.turn()
      loop.pass(0.25)
    }
    expect(flushes[0]).toEqual({ waited: 2, publications: 9 })
  })

  test('[ROOM-17] who brings what mostly comes together, and then more, holds it up for a fifth in all', () => {
    const loop = new TimedLoop()
    const { publish, under, flushes } = room(loop, 25)
    under(1000, { cost: 50, every: 500, burst: 3 })
    flushes.length = 0
    publish()
    loop.rest()
    loop.advance(8)
    publish()
    for (let n = 0; n < 10; n++) {
      publish()
      loop.turn()
      loop.pass(1)
    }
    expect(flushes[0]?.waited).toBe(10)
  })

  test('[ROOM-17] what mostly comes together goes out together, though turns bring nothing in between', () => {
    const loop = new TimedLoop()
    const { publish, under, flushes } = room(loop, 25)
    under(1000, { cost: 6, elsewhere: 4, every: 100, burst: 20 })
    flushes.length = 0
    publish()
    loop.rest()
    loop.advance(1)
    for (let n = 1; n < 20; n++) publish()
    loop.rest()
    expect(flushes).toEqual([{ waited: 1, publications: 20 }])
  })

  test('[ROOM-17] what does not come is waited for a fifth of what a flush costs, and soon expected no more', () => {
    const loop = new TimedLoop()
    const { under } = room(loop, 25)
    under(1000, { cost: 6, elsewhere: 4, every: 100, burst: 20 })
    const single = under(3000, { cost: 6, elsewhere: 4, every: 100 })
    expect(longest(single)).toBe(2)
    expect(longest(single.slice(20))).toBe(0)
    expect(loop.timers).toBe(0)
  })

  test('[ROOM-17] a small room waits for nothing that turns do not bring', () => {
    const { under } = room(new TimedLoop(), 25)
    under(1000, { cost: 3, every: 100, burst: 20 })
    expect(longest(under(1000, { cost: 3, every: 100 }))).toBe(0)
  })

  test('[ROOM-17] a heavy load: what comes while a room rests goes out together, and waits little longer than a flush takes', () => {
    const { under } = room(new TimedLoop(), 25)
    under(1000, { cost: 8, every: 4 })
    const flushes = under(2000, { cost: 8, every: 4 })
    expect(mean(flushes)).toBeGreaterThan(3)
    expect(longest(flushes)).toBeGreaterThan(0)
    expect(longest(flushes)).toBeLessThanOrEqual(8 * 1.4)
  })

  test('[ROOM-17] nothing rests for longer than was set', () => {
    const flushes = room(new TimedLoop(), 3).under(3000, { cost: 50, every: 10 })
    expect(longest(flushes)).toBeGreaterThan(0)
    expect(longest(flushes)).toBeLessThanOrEqual(3)
  })

  test('[ROOM-17] 16 that wait end the rest', () => {
    const { under } = room(new TimedLoop(), 1000)
    under(2000, { cost: 100, every: 4 })
    const rested = under(5000, { cost: 100, every: 4 }).filter(({ waited }) => waited > 0)
    expect(rested).not.toEqual([])
    // What came while the loop was busy is more.
    for (const { waited } of rested) expect(waited).toBeLessThanOrEqual(16 * 4)
  })

  test('[ROOM-17] a load that falls is forgotten: soon nothing waits any more', () => {
    const { under } = room(new TimedLoop(), 25)
    expect(longest(under(1000, { cost: 10, every: 5 }))).toBeGreaterThan(0)
    under(1000, { cost: 10, every: 100 })
    expect(longest(under(1000, { cost: 10, every: 100 }))).toBe(0)
  })

  test('[ROOM-17] 0, and a platform that can not measure: each turn is handed out at its end', () => {
    for (const [loop, most] of [
      [new TimedLoop(), 0],
      [new FakeLoop(), 25],
    ] as const) {
      expect(longest(room(loop, most).under(1000, { cost: 20, every: 10 }))).toBe(0)
      expect(loop.timers).toBe(0)
    }
  })

  test('[ROOM-17] a rest that begins in the very turn at whose end a flush was due is not cut short', () => {
    const loop = new FakeLoop()
    let flushes = 0
    const plan = new FlushPlan(loop, new Turns(loop, raise), () => flushes++)
    plan.atTurnsEnd()
    plan.after(5)
    loop.rest()
    expect(flushes).toBe(0)
    loop.advance(5)
    expect(flushes).toBe(1)
    plan.atTurnsEnd()
    plan.cancel()
    loop.rest()
    expect([flushes, loop.timers]).toEqual([1, 0])
  })

  test('[ROOM-17] a room that was flushed before its rest was over, or that is closed, leaves no timer', () => {
    const loop = new TimedLoop()
    const { rhythm, publish, under } = room(loop, 25)
    const resting = (): void => {
      for (let tries = 0; loop.timers === 0 && tries < 20; tries++) {
        under(100, { cost: 20, every: 5 })
        publish()
      }
      expect(loop.timers).toBe(1)
    }
    resting()
    rhythm.begin(1)
    expect(loop.timers).toBe(0)
    rhythm.end(0, 1, 0)
    resting()
    rhythm.stop()
    expect(loop.timers).toBe(0)
  })
})
