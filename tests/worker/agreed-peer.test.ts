import { describe, expect, test } from 'vitest'
import { HIGH_WATER_MARK } from '../../src/core/outbox.ts'
import { AgreedPeer, type KeptPeer } from '../../src/runtimes/worker/agreed-peer.ts'
import { CREDIT } from '../../src/runtimes/worker/credit.ts'
import { FakeLoop } from '../core/fake-loop.ts'

const KIB = 1024
/** ms of silence after which a peer is dropped. */
const PATIENCE = 70_000

/** A peer of which only this is known: when it is asked, and up to where; and what is noted down of it. */
function begin() {
  const loop = new FakeLoop()
  const asked: number[] = []
  const notes: KeptPeer[] = []
  const peer = new AgreedPeer({
    clock: loop,
    loop,
    send: (text) => asked.push(Number(JSON.parse(text).upTo)),
    isOpen: () => true,
    pingedAt: () => loop.now(),
    changed: () => notes.push(peer.kept),
  })
  const fill = (): void => {
    while (peer.excess() <= HIGH_WATER_MARK) peer.spend(16 * KIB)
  }
  return { loop, asked, notes, peer, fill }
}

describe('a peer that agreed to say what it has seen', () => {
  test('[WORKER-5] costs one timer while it is slow, however often its socket was full, and none once it has read', () => {
    const { loop, asked, peer, fill } = begin()
    for (let answers = 0; answers < 2400; answers++) {
      fill()
      peer.whenDrained(() => {
        // As an outbox does: it sends what waits, and waits again, all in the call.
        fill()
        peer.whenDrained(() => {})
      })
      loop.advance(250)
      peer.seen(asked.at(-1) ?? 0)
      expect(loop.timers).toBe(1)
    }
    peer.seen(asked.at(-1) ?? 0)
    expect(loop.timers).toBe(0)
  })

  test('[WS-19] is not taken to read by a `seen` that nobody asked for', () => {
    const { loop, peer } = begin()
    peer.spend(CREDIT + 128 * KIB)
    peer.whenDrained(() => {})
    const full = loop.now()
    loop.advance(20_000)
    peer.seen(0)
    loop.advance(20_000)
    expect(loop.timers).toBe(1)
    expect(peer.heardAt()).toBe(full)
  })

  test('[WORKER-9] [BEAT-1] is noted to have been heard once a second at most, and never a second too early', () => {
    const { loop, notes, peer } = begin()
    const began = loop.now()
    for (let frames = 0; frames < 100; frames++) {
      loop.advance(100)
      peer.heard()
      expect(loop.now() - (notes.at(-1)?.heard ?? began)).toBeLessThan(1000)
    }
    expect(notes.length).toBeLessThanOrEqual(10)
  })

  test('[WORKER-9] is not silent where it reads all the time, though slowly', () => {
    const { loop, asked, peer, fill } = begin()
    const began = loop.now()
    // What stands in the stream before each question, in bytes as they are counted.
    let read = 0
    for (let second = 0; second < 600; second++) {
      fill()
      peer.whenDrained(() => {})
      loop.advance(1000)
      read += 3500
      while (asked[0] !== undefined && asked[0] <= read) peer.seen(asked.shift() ?? 0)
      expect(loop.now() - Math.max(began, peer.heardAt())).toBeLessThan(PATIENCE)
    }
  })

  test('[ROOM-6] may have 350 small messages under way, 100 ms away, and does not count as slow', () => {
    const { loop, asked, peer } = begin()
    const answers: { readonly at: number; readonly upTo: number }[] = []
    for (let ms = 0; ms < 3000; ms++) {
      for (let messages = 0; messages < 3 + (ms % 2); messages++) {
        peer.spend(150)
        expect(peer.excess()).toBeLessThanOrEqual(HIGH_WATER_MARK)
      }
      for (const upTo of asked.splice(0)) answers.push({ at: ms + 100, upTo })
      while (answers[0] !== undefined && answers[0].at <= ms) peer.seen(answers.shift()?.upTo ?? 0)
      loop.advance(1)
    }
  })
})
