import { describe, expect, test } from 'vitest'
import { BURST, RATE, SendRate } from '../../src/runtimes/worker/rate.ts'
import { FakeLoop } from '../core/fake-loop.ts'

const MIB = 1 << 20

describe('[WORKER-5] a socket whose peer says nothing of what it reads', () => {
  test('is full beyond 4 MiB, and 4 MiB a second since', () => {
    const loop = new FakeLoop()
    const rate = new SendRate({ clock: loop, loop })
    let sent = 0
    for (; rate.excess() === 0; sent += 10_000) rate.spend(10_000)
    expect(sent).toBeGreaterThan(3.5 * MIB)
    expect(sent).toBeLessThanOrEqual(BURST + 10_000)
    let drained = 0
    rate.spend(MIB)
    rate.whenDrained(() => drained++)
    loop.advance(200)
    expect(drained).toBe(0)
    loop.advance(100)
    expect([drained, rate.excess()]).toEqual([1, 0])
  })

  test('takes any amount at that rate, and forgets what it was sent', () => {
    const loop = new FakeLoop()
    const rate = new SendRate({ clock: loop, loop })
    for (let second = 0; second < 60; second++) {
      rate.spend(RATE - 1024)
      expect(rate.excess()).toBe(0)
      loop.advance(1000)
    }
    rate.spend(BURST - 1024)
    expect(rate.excess()).toBe(0)
  })
})
