import { describe, expect, test } from 'vitest'
import { CREDIT, Credit, type KeptCredit } from '../../src/runtimes/worker/credit.ts'

const KIB = 1024

function begin(kept?: KeptCredit) {
  const asked: number[] = []
  let changes = 0
  const credit = new Credit({ ask: (upTo) => asked.push(upTo), read: () => {}, changed: () => changes++ }, kept)
  return { credit, asked, changes: () => changes }
}

/** Sends until the socket counts as full. */
function fill(credit: Credit, size = KIB): number {
  let bytes = 0
  while (credit.excess() === 0) {
    credit.spend(size)
    bytes += size
  }
  return bytes
}

describe('[WORKER-5] what a peer was sent and has not said to have seen', () => {
  test('fills its socket, and answers empty it', () => {
    const { credit, asked } = begin()
    expect(fill(credit)).toBeLessThanOrEqual(CREDIT)
    // While it may still be sent as much again.
    expect(asked[0]).toBeLessThanOrEqual(CREDIT / 2 + 2 * KIB)
    const last = asked.at(-1) ?? 0
    credit.seen(last)
    expect(credit.excess()).toBe(0)
  })

  test('an answer to what was not asked, or was answered before, tells nothing', () => {
    const { credit, asked } = begin()
    fill(credit)
    const before = credit.excess()
    credit.seen((asked.at(-1) ?? 0) + 1)
    expect(credit.excess()).toBe(before)
    credit.spend(CREDIT)
    credit.seen(asked[1] ?? 0)
    credit.seen(asked[0] ?? 0)
    expect(credit.kept.seen).toBe(asked[1])
  })

  test('whoever waits is always asked, and called by the answer', () => {
    const { credit, asked } = begin()
    fill(credit)
    credit.seen(asked.at(-1) ?? 0)
    fill(credit)
    credit.seen(asked.at(-1) ?? 0)
    credit.spend(1)
    let calls = 0
    const before = asked.length
    credit.whenDrained(() => calls++)
    expect(calls).toBe(0)
    expect(asked.length).toBe(before + 1)
    credit.seen(asked.at(-1) ?? 0)
    expect(calls).toBe(1)
    expect(credit.excess()).toBe(0)
  })

  test('whoever waits is called too where all was answered already', () => {
    const { credit, asked } = begin()
    while (asked.length === 0) credit.spend(KIB)
    credit.seen(asked[0] ?? 0)
    let calls = 0
    credit.whenDrained(() => calls++)
    credit.seen(asked.at(-1) ?? 0)
    expect([calls, asked.length]).toEqual([1, 2])
  })

  test('is never taken for less after memory was lost, however often, and a peer that reads is never stuck', () => {
    let kept: KeptCredit | undefined
    let sent = 0
    for (let wake = 0; wake < 1000; wake++) {
      const { credit } = begin(kept)
      if (credit.excess() > 0) break
      credit.spend(500)
      sent += 500
      kept = credit.kept
    }
    expect(sent).toBeLessThan(CREDIT)
    const { credit, asked } = begin(kept)
    let calls = 0
    credit.whenDrained(() => calls++)
    credit.seen(asked.at(-1) ?? 0)
    expect([calls, credit.excess()]).toEqual([1, 0])
  })

  test('is asked, and noted down, seldom', () => {
    const { credit, asked, changes } = begin()
    for (let at = 0; at < 10_000; at++) {
      credit.spend(100)
      credit.seen(asked.at(-1) ?? 0)
    }
    expect(asked.length).toBeLessThanOrEqual(90)
    expect(changes()).toBeLessThanOrEqual(3 * asked.length)
  })

  test('[WORKER-1] who is sent little between two losses of memory is asked for few of them', () => {
    let kept: KeptCredit | undefined
    let questions = 0
    for (let wake = 0; wake < 500; wake++) {
      const { credit, asked } = begin(kept)
      credit.spend(200)
      questions += asked.length
      credit.seen(asked.at(-1) ?? 0)
      expect(credit.excess()).toBe(0)
      kept = credit.kept
    }
    expect(questions).toBeLessThan(20)
  })
})
