import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { REGRESSIONS } from './regressions.ts'
import { hold } from './report.ts'
import { Tally } from './tally.ts'

const RUNS = Number(process.env['SIM_RUNS'] ?? 10_000)
const SEED = Number(process.env['SIM_SEED'] ?? 1)

/** What has to happen in many runs, or they prove nothing. */
const KINDS = [
  'recovered',
  'not recovered',
  'reset epoch',
  'reset fork',
  'reset unverified',
  'gap',
  'duplicate',
  'page',
  'page that is not intact',
  'error unavailable',
  'error outcome_unknown',
  'drain',
  'slow socket',
  'closed 4000',
  'closed 4001',
  'closed 4100',
  'closed 4501',
]

describe('simulation', () => {
  test.each(REGRESSIONS)('seed $seed: $what', async ({ seed }) => {
    await hold(seed)
  })

  test(`guarantees 1 to 6 and 8 hold in ${RUNS} runs from seed ${SEED} on`, { timeout: 900_000 }, async () => {
    const tally = new Tally()
    for (let seed = SEED; seed < SEED + RUNS; seed++) tally.add((await hold(seed)).facts)
    expect(KINDS.filter((kind) => !tally.counts.has(kind))).toEqual([])
  })
})
