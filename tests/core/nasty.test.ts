import { expect, test } from 'vitest'
import type { Chance } from './nasty-adapter.ts'
import { NastyRun } from './nasty-run.ts'

/** `NASTY_SEED` is the first seed; a failure says its own. */
const RUNS = Number(process.env['NASTY_RUNS'] ?? 2500)
const FIRST = Number(process.env['NASTY_SEED'] ?? 1)

/** Mulberry32. */
function chanceOf(seed: number): Chance {
  let state = Math.imul(seed, 2_654_435_761) >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

test('[ROOM-1] [ROOM-3] [ROOM-12] [ROOM-14] when an engine that did everything wrong is sane, every member is where the log is', {
  timeout: 600_000,
}, async () => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const run = new NastyRun(chanceOf(seed))
    try {
      await run.storm()
      await run.calm()
      expect(await run.end()).toEqual([0, 0])
    } catch (reason) {
      throw new Error(`NASTY_SEED=${seed}`, { cause: reason })
    }
  }
})
