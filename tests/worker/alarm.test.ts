import { expect, test } from 'vitest'
import type { Due } from '../../src/core/deadlines.ts'
import { ObjectAlarm } from '../../src/runtimes/worker/alarm.ts'
import { FakeLoop } from '../core/fake-loop.ts'

const S = 1000
/** ms after which a peer pings again, and of silence after which it is dropped. */
const INTERVAL = 30 * S
const PATIENCE = 70 * S

/** An alarm, as the platform has it: one time, and each setting costs a row. */
class FakeStorage {
  at: number | undefined
  rows = 0

  async setAlarm(time: number): Promise<void> {
    if (time > Date.UTC(2189, 0)) throw new TypeError("This API doesn't support dates after 2189.")
    this.at = time
    this.rows++
  }
}

function begin() {
  const loop = new FakeLoop()
  const storage = new FakeStorage()
  const alarm = new ObjectAlarm(storage, loop, loop, undefined)
  /** To the next time that it strikes. */
  const strike = (): void => {
    loop.rest()
    const { at } = storage
    if (at === undefined) throw new Error('no alarm is set')
    storage.at = undefined
    loop.advance(at - loop.now())
    alarm.struck()
    loop.rest()
  }
  return { loop, storage, alarm, strike }
}

/** One that pings every interval, beginning after `phase` ms. */
function pinging(loop: FakeLoop, phase: number): Due & { readonly end: () => number } {
  const opened = loop.now()
  const heard = (): number => opened + phase + Math.floor((loop.now() - opened - phase) / INTERVAL) * INTERVAL
  const end = (): number => heard() + PATIENCE
  return { end, due: end }
}

test('[WORKER-1] peers that ping at any time let their object sleep for as long as one alone does', () => {
  const { loop, storage, alarm, strike } = begin()
  for (let peers = 0; peers < 100; peers++) {
    const peer = pinging(loop, (peers * INTERVAL) / 100)
    alarm.set(peer, peer.end())
    loop.advance(S)
  }
  const began = loop.now()
  let strikes = 0
  for (; loop.now() < began + 3600 * S; strikes++) strike()
  expect(strikes).toBeLessThanOrEqual(3600 / ((PATIENCE - INTERVAL) / S) + 2)
  expect(storage.rows).toBeLessThanOrEqual(strikes + 2)
})

test('[WORKER-1] what is set together costs one row, however much it is', () => {
  const { loop, storage, alarm } = begin()
  for (let at = 100; at > 0; at--) alarm.set({ due: () => undefined }, loop.now() + at * S)
  loop.rest()
  expect(storage).toMatchObject({ rows: 1, at: loop.now() + S })
})

test('[AUTH-6] [ROOM-4] what ends in some other century is looked at before, in vain, and the platform takes that', async () => {
  const { loop, storage, alarm, strike } = begin()
  const end = Number.MAX_SAFE_INTEGER
  const looked: number[] = []
  alarm.set(
    {
      due: () => {
        looked.push(loop.now())
        return end
      },
    },
    end,
  )
  for (let looks = 0; looks < 3; looks++) strike()
  loop.rest()
  expect(storage.at).toBeGreaterThan(loop.now() + 86_400 * S)
  expect(looked).toEqual([])
})
