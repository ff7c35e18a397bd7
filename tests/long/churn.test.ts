import { randomInt } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Fixture, type Served, start } from '../contract/fixtures.ts'
import { until } from '../contract/waiting.ts'
import { bunApp, denoApp, nodeApp, type Stats, stats } from './app.ts'
import { churn } from './churn.ts'
import type { Tally } from './churn-client.ts'

const MIB = 1 << 20
const CLIENTS = 1000
/** Set it to run the same steps again: `CHURN_SEED=… npx vitest run --config vitest.long.config.ts tests/long/churn`. */
const SEED = Number(process.env['CHURN_SEED'] ?? randomInt(2 ** 31))
/** ms. */
const WARM_UP = 10_000
const MINUTE = 60_000
const SHORT = 10_000
/** ms that the server has to notice that the last ones are gone. */
const SETTLING = 30_000
/** Heap that may be more after it than before. 1 KiB left behind by each of some 7,000 connections would be more. */
const HEAP = 4 * MIB

async function serve(fixture: Fixture): Promise<Served> {
  const served = await start(fixture, { HISTORY_TTL: '1000' })
  onTestFinished(async () => void (await served.stop()))
  return served
}

/** Churns and waits until nothing of it is left. */
async function churned(served: Served, duration: number, seed: number): Promise<{ tally: Tally; left: Stats }> {
  const tally = await churn({ port: served.port, clients: CLIENTS, duration, seed })
  const empty = async (): Promise<Stats | undefined> => {
    const now = await stats(served)
    return now.connections === 0 && now.rooms === 0 ? now : undefined
  }
  const left = await until('no connection and no room', empty, SETTLING).catch(() => stats(served))
  console.log(`seed ${seed}: ${JSON.stringify(tally)}`)
  expect(left, `seed ${seed}`).toMatchObject({ connections: 0, rooms: 0 })
  expect(tally.refused).toBe(0)
  for (const count of [tally.connected, tally.joined, tally.left, tally.acknowledged])
    expect(count).toBeGreaterThan(CLIENTS / 10)
  expect(served.died()).toBeUndefined()
  return { tally, left }
}

describe('churn', () => {
  test('[CONN-3] [ROOM-9] a minute of a thousand clients that come and go leaves nothing behind on Node', async () => {
    const served = await serve(nodeApp)
    const before = (await churned(served, WARM_UP, SEED)).left.heap
    const { tally, left } = await churned(served, MINUTE, SEED + 1)
    const growth = left.heap - before
    console.log(
      `${tally.connected} connections: heap ${(before / MIB).toFixed(1)} MiB before, ${(left.heap / MIB).toFixed(1)} after: ` +
        `${Math.round(growth / 1024)} KiB more`,
    )
    expect(growth).toBeLessThan(HEAP)
  })

  for (const fixture of [denoApp, bunApp]) {
    test(`[CONN-3] [ROOM-9] ten seconds of it leave no connection and no room on ${fixture.name}`, async () => {
      await churned(await serve(fixture), SHORT, SEED)
    })
  }
})
