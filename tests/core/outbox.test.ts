import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HIGH_WATER_MARK, Outbox, TURN_ALLOWANCE } from '../../src/core/outbox.ts'
import { Pace } from '../../src/core/pace.ts'
import { Turns } from '../../src/core/turns.ts'
import { MAX_REPLIES } from '../../src/core/waiting-texts.ts'
import { FakeLoop, raise } from './fake-loop.ts'
import { FakeTransport } from './fake-transport.ts'
import { draws } from './fake-world.ts'

const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ reply: fc.oneof(fc.nat(40), fc.nat(90_000)) }) },
  { weight: 3, arbitrary: fc.record({ take: fc.oneof(fc.nat(200_000), fc.constant(Number.POSITIVE_INFINITY)) }) },
  { weight: 3, arbitrary: fc.record({ ebb: fc.nat(200_000) }) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
)

type Act = typeof act extends fc.Arbitrary<infer A> ? A : never

class Box {
  readonly loop = new FakeLoop()
  readonly transport = new FakeTransport(this.loop, { slow: true })
  readonly heard: string[] = []
  readonly #turns = new Turns(this.loop, raise)
  readonly outbox = new Outbox(this.transport, this.#turns, new Pace(this.#turns), {
    sendFailed: () => void this.heard.push('failed'),
    overflowed: () => void this.heard.push('overflowed'),
    progressed: () => void this.heard.push('progressed'),
  })

  /** Answers the reply that was taken, where this is one. */
  apply(act: Act, label: string): string | undefined {
    if (act === 'turn') this.loop.turn()
    else if ('take' in act) this.transport.take(act.take)
    else if ('ebb' in act) this.transport.ebb(act.ebb)
    else return this.#reply(label.padEnd(act.reply, 'x'))
    return undefined
  }

  /** Fills the socket beyond the mark, in a turn of its own. */
  fill(): void {
    this.outbox.reply('x'.repeat(HIGH_WATER_MARK + 1))
    this.loop.rest()
  }

  #reply(text: string): string | undefined {
    const overflows = (): number => this.heard.filter((what) => what === 'overflowed').length
    const before = overflows()
    this.outbox.reply(text)
    return overflows() === before ? text : undefined
  }
}

describe('outbox', () => {
  test('[WS-13] a reply goes out at once while the socket takes it', () => {
    const { outbox, transport } = new Box()
    outbox.reply('a')
    outbox.reply('')
    outbox.reply('b')
    expect(transport.texts).toEqual(['a', '', 'b'])
  })

  test('[CONN-2] beyond the mark 32 replies wait, in order, and the next one is one too many', () => {
    const box = new Box()
    box.fill()
    for (let i = 0; i < MAX_REPLIES; i++) box.outbox.reply(`${i}`)
    expect(box.transport.texts).toHaveLength(1)
    expect(box.outbox.unflushed).toBe(32)
    expect(box.heard).toEqual([])
    box.outbox.reply('more')
    expect(box.heard).toEqual(['overflowed'])
    box.transport.take()
    expect(box.transport.texts.slice(1)).toEqual(Array.from({ length: 32 }, (_, i) => `${i}`))
    expect(box.heard).toEqual(['overflowed', 'progressed'])
    expect(box.outbox.isEmpty).toBe(true)
  })

  test('[CONN-2] words that nobody asked for wait in their order beside 32 replies, 4 of them', () => {
    const box = new Box()
    box.fill()
    for (let i = 0; i < 4; i++) box.outbox.push(`word ${i}`)
    for (let i = 0; i < MAX_REPLIES; i++) box.outbox.reply(`${i}`)
    expect([box.outbox.unflushed, box.outbox.pushes, box.heard]).toEqual([32, 4, []])
    box.outbox.push('more')
    expect(box.heard).toEqual(['overflowed'])
    box.transport.take()
    expect(box.transport.texts.slice(1, 6)).toEqual(['word 0', 'word 1', 'word 2', 'word 3', '0'])
    expect(box.transport.texts).toHaveLength(1 + 4 + 32)
    expect([box.outbox.unflushed, box.outbox.pushes, box.outbox.isEmpty]).toEqual([0, 0, true])
  })

  test('[CONN-2] one turn adds its allowance and one text to a socket that takes nothing, the next turn nothing', () => {
    const box = new Box()
    const text = 'x'.repeat(60_000)
    for (let i = 0; i < 20; i++) box.outbox.reply(text)
    expect(box.transport.buffered()).toBeGreaterThan(TURN_ALLOWANCE)
    expect(box.transport.buffered()).toBeLessThanOrEqual(TURN_ALLOWANCE + text.length)
    const { peak } = box.transport
    box.loop.rest()
    box.outbox.reply(text)
    box.transport.take(10)
    expect(box.transport.peak).toBe(peak)
  })

  test('[CONN-3] a send that throws is told once, and nothing is tried again', () => {
    const box = new Box()
    box.transport.broken = true
    box.outbox.reply('a')
    box.outbox.reply('b')
    box.outbox.send('c')
    box.loop.rest()
    expect(box.heard).toEqual(['failed'])
    box.transport.broken = false
    box.outbox.reply('d')
    expect(box.transport.texts).toEqual([])
  })

  test('[CONN-3] a send that throws while the queue is served ends it', () => {
    const box = new Box()
    box.fill()
    box.outbox.reply('a')
    box.outbox.reply('b')
    box.transport.broken = true
    box.transport.take()
    box.loop.rest()
    expect(box.heard).toEqual(['failed'])
    expect(box.outbox.unflushed).toBe(0)
  })

  test('outbox: closed, it lets go of all and says nothing more', () => {
    const box = new Box()
    box.fill()
    box.outbox.reply('a')
    box.outbox.close()
    box.transport.take()
    box.outbox.reply('b')
    expect(box.transport.texts).toHaveLength(1)
    expect(box.heard).toEqual([])
  })
})

test('[CONN-2] replies leave in order, none twice, none overtaken, none lost but those that overflowed, in bounded memory', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const box = new Box()
      const expected: string[] = []
      for (const [i, each] of acts.entries()) {
        const taken = box.apply(each, `${i}:`)
        if (taken !== undefined) expected.push(taken)
        expect(box.outbox.unflushed).toBeLessThanOrEqual(MAX_REPLIES)
        expect(box.transport.texts).toEqual(expected.slice(0, box.transport.texts.length))
        expect(box.transport.texts.length + box.outbox.unflushed).toBe(expected.length)
      }
      expect(box.transport.peak).toBeLessThanOrEqual(TURN_ALLOWANCE + 90_000)
      box.transport.open()
      box.loop.rest()
      expect(box.transport.texts).toEqual(expected)
      expect(box.heard).not.toContain('failed')
    }),
    draws(200),
  )
})
