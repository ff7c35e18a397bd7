import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Dedupe, type DedupeAnswer, type DedupeLimits, fingerprint } from '../../src/core/dedupe.ts'
import { draws } from './fake-world.ts'

const at = (offset: number): { epoch: string; offset: number; id: string } => ({ epoch: 'e', offset, id: `p${offset}` })

describe('dedupe', () => {
  test('[ROOM-10] knows an id until its time is over', () => {
    const dedupe = new Dedupe({ ttl: 100, perPublisher: 10 })
    expect(dedupe.ask('ann', 'x', 'f', 0)).toEqual({ kind: 'fresh' })
    dedupe.remember('ann', 'x', 'f', at(1), 0)
    expect(dedupe.ask('ann', 'x', 'f', 99, 99)).toEqual({ kind: 'duplicate', position: at(1) })
    expect(dedupe.ask('ann', 'x', 'f', 100)).toEqual({ kind: 'fresh' })
    expect(dedupe.ask('ann', 'x', 'f', 100, 100)).toEqual({ kind: 'unknown' })
  })

  test('[ROOM-10] a resend that is not remembered is unknown from nine tenths of the window on', () => {
    const dedupe = new Dedupe({ ttl: 100, perPublisher: 10 })
    expect(dedupe.ask('ann', 'x', 'f', 1000, 89)).toEqual({ kind: 'fresh' })
    expect(dedupe.ask('ann', 'x', 'f', 1000, 90)).toEqual({ kind: 'unknown' })
  })

  test('[ROOM-10] what was forgotten before its time is unknown, whoever published it', () => {
    const dedupe = new Dedupe({ ttl: 1000, perPublisher: 10 })
    dedupe.remember('ann', 'x', 'f', at(1), 5000)
    expect(dedupe.ids).toBe(1)
    dedupe.forget(5010)
    expect([dedupe.ids, dedupe.size, dedupe.expires]).toEqual([0, 0, undefined])
    for (const publisher of ['ann', 'bob']) {
      expect(dedupe.ask(publisher, 'x', 'f', 5020, 20)).toEqual({ kind: 'unknown' })
      expect(dedupe.ask(publisher, 'x', 'f', 5200, 80)).toEqual({ kind: 'fresh' })
    }
  })

  test('[ROOM-10] the same id with another content is no duplicate, of another publisher it is fresh', () => {
    const dedupe = new Dedupe()
    dedupe.remember('ann', 'x', fingerprint('hello'), at(1), 0)
    expect(dedupe.ask('ann', 'x', fingerprint('hullo'), 1)).toEqual({ kind: 'reused' })
    expect(dedupe.ask('bob', 'x', fingerprint('hullo'), 1)).toEqual({ kind: 'fresh' })
  })

  test('[ROOM-10] what fell out by number is unknown, not fresh', () => {
    const dedupe = new Dedupe({ ttl: 1000, perPublisher: 2 })
    for (const [i, id] of ['a', 'b', 'c'].entries()) dedupe.remember('ann', id, 'f', at(i + 1), 5000 + 10 * i)
    expect(dedupe.ask('ann', 'a', 'f', 5050, 50)).toEqual({ kind: 'unknown' })
    expect(dedupe.ask('ann', 'b', 'f', 5050, 45)).toEqual({ kind: 'duplicate', position: at(2) })
    expect(dedupe.ask('ann', 'new', 'f', 5200, 100)).toEqual({ kind: 'unknown' })
    expect(dedupe.ask('ann', 'new', 'f', 5200, 99)).toEqual({ kind: 'fresh' })
    expect(dedupe.ask('bob', 'a', 'f', 5050, 50)).toEqual({ kind: 'fresh' })
  })

  test('[ROOM-9] remembers nothing when all has expired', () => {
    const dedupe = new Dedupe({ ttl: 100, perPublisher: 10 })
    expect(dedupe.expires).toBeUndefined()
    dedupe.remember('ann', 'x', 'f', at(1), 0)
    dedupe.remember('bob', 'y', 'f', at(2), 60)
    dedupe.expire(dedupe.expires ?? 0)
    expect(dedupe.size).toBe(1)
    for (let looks = 0; dedupe.expires !== undefined && looks < 20; looks++) dedupe.expire(dedupe.expires)
    expect(dedupe.size).toBe(0)
  })

  test('dedupe: fingerprints differ where texts do', () => {
    const texts = [
      '',
      'a',
      'b',
      'aa',
      'ab',
      'ba',
      '\u0000',
      '{"kind":"chat","content":"1"}',
      '{"kind":"chat","content":"2"}',
    ]
    expect(new Set(texts.map(fingerprint)).size).toBe(texts.length)
    expect(fingerprint('same')).toBe(fingerprint('same'))
  })
})

interface Seen {
  readonly publisher: string
  readonly id: string
  readonly print: string
  readonly time: number
  readonly offset: number
}

/** Every publish that ever was, and what may be answered about it. */
class NaiveDedupe {
  readonly #limits: DedupeLimits
  readonly #seen: Seen[] = []

  constructor(limits: DedupeLimits) {
    this.#limits = limits
  }

  remember(seen: Seen): void {
    const again = this.#seen.findIndex(({ publisher, id }) => publisher === seen.publisher && id === seen.id)
    if (again >= 0) this.#seen.splice(again, 1)
    this.#seen.push(seen)
  }

  /** An id that may have been forgotten must not be called fresh on a resend. */
  ask(publisher: string, id: string, print: string, now: number, age: number): DedupeAnswer {
    const { ttl, perPublisher } = this.#limits
    const own = this.#seen.filter((seen) => seen.publisher === publisher)
    const kept = own.slice(-perPublisher).filter(({ time }) => time > now - ttl)
    const known = kept.find((seen) => seen.id === id)
    if (known) return known.print === print ? { kind: 'duplicate', position: at(known.offset) } : { kind: 'reused' }
    const dropped = own.slice(0, -perPublisher).map(({ time }) => time)
    const certain = Math.max(now - ttl, 0, ...dropped)
    return age > 0 && now - age <= certain + ttl / 10 ? { kind: 'unknown' } : { kind: 'fresh' }
  }
}

const ask = fc.record({
  publisher: fc.constantFrom('ann', 'bob'),
  id: fc.integer({ min: 1, max: 12 }).map(String),
  print: fc.constantFrom('f', 'g'),
  wait: fc.nat(30),
  age: fc.oneof(fc.constant(0), fc.nat(150)),
  sweep: fc.boolean(),
})

test('[ROOM-10] dedupe answers what a naive one does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(ask, { maxLength: 80 }), (perPublisher, asks) => {
      const limits = { ttl: 100, perPublisher }
      const dedupe = new Dedupe(limits)
      const naive = new NaiveDedupe(limits)
      let now = 1000
      for (const [offset, { publisher, id, print, wait, age, sweep }] of asks.entries()) {
        now += wait
        if (sweep) dedupe.expire(now)
        const answer = dedupe.ask(publisher, id, print, now, age)
        expect(answer).toEqual(naive.ask(publisher, id, print, now, age))
        if (answer.kind !== 'fresh') continue
        dedupe.remember(publisher, id, print, at(offset), now)
        naive.remember({ publisher, id, print, time: now, offset })
      }
    }),
    draws(400),
  )
})
