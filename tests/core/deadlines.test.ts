import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deadlines, type Due } from '../../src/core/deadlines.ts'
import { FakeLoop } from './fake-loop.ts'
import { draws } from './fake-world.ts'

const TICK = 100

/** Notes when it was looked at, and looks again as it is told to. */
class Noting implements Due {
  readonly looks: { at: number; horizon: number }[] = []
  readonly #loop: FakeLoop
  readonly #again: (horizon: number) => number | undefined

  constructor(loop: FakeLoop, again: (horizon: number) => number | undefined = () => undefined) {
    this.#loop = loop
    this.#again = again
  }

  due(horizon: number): number | undefined {
    this.looks.push({ at: this.#loop.now(), horizon })
    return this.#again(horizon)
  }
}

function start(now = 0): { loop: FakeLoop; deadlines: Deadlines } {
  const loop = new FakeLoop(now)
  return { loop, deadlines: new Deadlines(loop, loop, TICK) }
}

describe('deadlines', () => {
  test('deadlines: one timer for any number, none for none', () => {
    const { loop, deadlines } = start()
    expect(loop.timers).toBe(0)
    const entries = Array.from({ length: 1000 }, () => new Noting(loop))
    for (const [i, entry] of entries.entries()) deadlines.set(entry, 200 + 7 * i)
    expect(loop.timers).toBe(1)
    loop.advance(10_000)
    expect(entries.every(({ looks }) => looks.length === 1)).toBe(true)
    expect(deadlines.size).toBe(0)
    expect(loop.timers).toBe(0)
  })

  test('deadlines: early by less than a tick, and told what is due within it', () => {
    const { loop, deadlines } = start(30)
    const entry = new Noting(loop)
    deadlines.set(entry, 550)
    loop.advance(1000)
    expect(entry.looks).toEqual([{ at: 500, horizon: 600 }])
  })

  test('deadlines: one in the tick that has begun is looked at when the next begins', () => {
    const { loop, deadlines } = start(30)
    const entry = new Noting(loop)
    deadlines.set(entry, 60)
    loop.advance(100)
    expect(entry.looks).toEqual([{ at: 100, horizon: 200 }])
  })

  test('deadlines: setting anew forgets the old, deleting forgets all', () => {
    const { loop, deadlines } = start()
    const moved = new Noting(loop)
    const gone = new Noting(loop)
    deadlines.set(moved, 300)
    deadlines.set(gone, 300)
    deadlines.set(moved, 700)
    deadlines.delete(gone)
    loop.advance(2000)
    expect(moved.looks.map(({ at }) => at)).toEqual([700])
    expect(gone.looks).toEqual([])
    expect(deadlines.has(moved)).toBe(false)
  })

  test('deadlines: one may take another away, and set itself again', () => {
    const { loop, deadlines } = start()
    const victim = new Noting(loop)
    const killer: Noting = new Noting(loop, (horizon) => {
      deadlines.delete(victim)
      return horizon < 500 ? 500 : undefined
    })
    deadlines.set(killer, 250)
    deadlines.set(victim, 260)
    loop.advance(1000)
    expect(killer.looks.map(({ at }) => at)).toEqual([200, 500])
    expect(victim.looks).toEqual([])
    expect(loop.timers).toBe(0)
  })

  test('deadlines: after a leap all that is overdue is looked at, in order, and only that', () => {
    const { loop, deadlines } = start()
    const order: string[] = []
    const named = (name: string): Due => ({
      due: () => {
        order.push(name)
        return undefined
      },
    })
    deadlines.set(named('late'), 900_000)
    deadlines.set(named('second'), 7000)
    deadlines.set(named('first'), 400)
    loop.leap(800_000)
    expect(order).toEqual(['first', 'second'])
    loop.advance(100_000)
    expect(order).toEqual(['first', 'second', 'late'])
    expect(loop.timers).toBe(0)
  })

  test('deadlines: what becomes due while others take their time is looked at, too', () => {
    const { loop, deadlines } = start()
    const other = new Noting(loop)
    const slow: Noting = new Noting(loop, () => {
      if (slow.looks.length > 1) return undefined
      loop.pass(5 * TICK)
      return loop.now() + 10 * TICK
    })
    deadlines.set(slow, 2 * TICK)
    deadlines.set(other, 5 * TICK)
    loop.advance(10 * TICK)
    expect(other.looks).toHaveLength(1)
    loop.advance(20 * TICK)
    expect(slow.looks).toHaveLength(2)
    expect(loop.timers).toBe(0)
  })

  test('deadlines: stopped, no timer runs; a new one starts it again', () => {
    const { loop, deadlines } = start()
    deadlines.set(new Noting(loop), 300)
    deadlines.stop()
    expect(loop.timers).toBe(0)
    const entry = new Noting(loop)
    deadlines.set(entry, 800)
    loop.advance(1000)
    expect(entry.looks).toHaveLength(1)
  })
})

const act = fc.oneof(
  fc.record({ do: fc.constant('set' as const), who: fc.nat(9), in: fc.integer({ min: TICK, max: 5000 }) }),
  fc.record({ do: fc.constant('delete' as const), who: fc.nat(9) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.nat(700) }),
  fc.record({ do: fc.constant('leap' as const), ms: fc.nat(20_000) }),
)

type Act = typeof act extends fc.Arbitrary<infer A> ? A : never

/** Ten entries, and when each is due. */
class Book {
  readonly loop: FakeLoop
  readonly deadlines: Deadlines
  readonly #entries: readonly Noting[]
  readonly #due = new Map<Noting, number>()

  constructor(begin: number) {
    const { loop, deadlines } = start(begin)
    this.loop = loop
    this.deadlines = deadlines
    this.#entries = Array.from({ length: 10 }, () => new Noting(loop))
  }

  /** Answers by how much a deadline may be late. */
  apply(each: Act): number {
    if (each.do === 'advance') this.loop.advance(each.ms)
    else if (each.do === 'leap') this.loop.leap(each.ms)
    else this.#change(each)
    return each.do === 'leap' ? each.ms : 0
  }

  check(late: number): void {
    for (const entry of this.#entries) this.#checkOne(entry, late)
    expect(this.loop.timers).toBe(this.#due.size > 0 ? 1 : 0)
    expect(this.deadlines.size).toBe(this.#due.size)
  }

  #change(each: Exclude<Act, { ms: number }>): void {
    const entry = this.#entries[each.who]
    if (!entry) return
    this.deadlines.delete(entry)
    this.#due.delete(entry)
    if (each.do === 'delete') return
    const at = this.loop.now() + each.in
    this.deadlines.set(entry, at)
    this.#due.set(entry, at)
  }

  #checkOne(entry: Noting, late: number): void {
    const at = this.#due.get(entry) ?? Number.NaN
    const [look, ...more] = entry.looks.splice(0)
    expect(more).toEqual([])
    if (!look) {
      expect(at < this.loop.now()).toBe(false)
      return
    }
    expect(look.at).toBeGreaterThan(at - TICK)
    expect(look.at).toBeLessThanOrEqual(at + late)
    expect(look.horizon).toBeGreaterThan(at)
    this.#due.delete(entry)
  }
}

test('deadlines: at least a tick ahead, each is looked at once, early by less than a tick and late only by a leap', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.array(act, { maxLength: 60 }), (begin, acts) => {
      const book = new Book(begin)
      for (const each of acts) book.check(book.apply(each))
    }),
    draws(300),
  )
})
