import { describe, expect, onTestFinished, test } from 'vitest'
import { type Fixture, type Served, start } from '../contract/fixtures.ts'
import { residentMemory } from '../contract/ground.ts'
import { PATIENCE } from '../contract/waiting.ts'
import { bunApp, burst, denoApp, nodeApp, stats } from './app.ts'
import { Reader } from './reader.ts'
import { stalledCrowd } from './stalled-crowd.ts'

const KIB = 1024
const STALLED = 1000
const READING = 3
const SIZE = 8 * KIB
const MESSAGES = (100 * KIB * KIB) / SIZE
/** Publications that are under way at a time. */
const FLOW = 4
/** What CONN-2 allows a stalled member to cost. Up to 226 KiB were measured, and above 1 MiB with a queue a member (docs/limits.md). */
const BOUND = (64 + 512) * KIB

interface Run {
  /** Bytes by which the server grew from before the stalled members joined to the most that was seen. */
  readonly growth: number
  readonly holes: readonly string[]
  readonly received: number
  readonly delays: readonly number[]
}

/** 100 MB into a room with `stalled` members that read nothing, and a few that read all. */
async function run(stalled: number): Promise<Run> {
  // A peer that reads nothing answers no ping: with the usual heartbeat it would be gone within the run.
  const served = await start(nodeApp, { HEARTBEAT_INTERVAL: '3600000' })
  onTestFinished(async () => void (await served.stop()))
  const readers = await readersOf(served, 'crowded', READING)
  const before = residentMemory(served.pid)
  const crowd = stalled > 0 ? await stalledCrowd(served, 'crowded', stalled) : undefined
  const peak = await flood(served, readers)
  await Promise.all(readers.map((reader) => reader.reached(MESSAGES)))
  // Nobody was rid of by closing the connection.
  expect((await stats(served)).connections).toBe(stalled + READING)
  for (const reader of readers) reader.terminate()
  await crowd?.end()
  const delays = readers.flatMap((reader) => reader.delays)
  return { growth: peak - before, holes: readers.flatMap(({ holes }) => holes), received: delays.length, delays }
}

async function readersOf(served: Served, room: string, count: number): Promise<readonly Reader[]> {
  const readers: Reader[] = []
  for (let at = 0; at < count; at++) readers.push(await Reader.join(served, room))
  return readers
}

/** Publishes everything, and answers the most memory that the server was seen to hold. */
async function flood(served: Served, [publisher]: readonly Reader[]): Promise<number> {
  let left = MESSAGES
  let peak = 0
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await publisher?.publish(SIZE)
      if (left % 64 === 0) peak = Math.max(peak, residentMemory(served.pid))
    }
  }
  await Promise.all(Array.from({ length: FLOW }, lane))
  return Math.max(peak, residentMemory(served.pid))
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

describe('stalled readers on Node', () => {
  test('[CONN-2] [CONN-4] a thousand stalled members cost little each, and those that read lose nothing', async () => {
    const alone = await run(0)
    const crowded = await run(STALLED)
    const cost = (crowded.growth - alone.growth) / STALLED
    const p99 = { alone: quantile(alone.delays, 0.99), crowded: quantile(crowded.delays, 0.99) }
    const worst = { alone: quantile(alone.delays, 1), crowded: quantile(crowded.delays, 1) }
    console.log(
      `${STALLED} stalled members, 100 MB: the server grew by ${kib(crowded.growth)}, without them by ${kib(alone.growth)}: ` +
        `${kib(cost)} each. From publish to receipt, p99 ${p99.crowded.toFixed(1)} ms, without them ${p99.alone.toFixed(1)} ms: ` +
        `${(p99.crowded / p99.alone).toFixed(1)} times; worst ${worst.crowded.toFixed(0)} and ${worst.alone.toFixed(0)} ms`,
    )
    for (const { holes, received } of [alone, crowded]) {
      expect(holes).toEqual([])
      expect(received).toBe(READING * MESSAGES)
    }
    expect(cost).toBeLessThan(BOUND)
    expect(worst.crowded).toBeLessThan(PATIENCE)
  })
})

const kib = (bytes: number): string => `${Math.round(bytes / KIB)} KiB`

const APPS: readonly Fixture[] = [nodeApp, denoApp, bunApp]

describe.each(APPS.map((fixture) => [fixture.name, fixture] as const))('a burst on %s', (_, fixture) => {
  test('[ROOM-6] [CONN-2] 1,000 publications within one turn: nobody who reads loses one', async () => {
    const served = await start(fixture)
    onTestFinished(async () => void (await served.stop()))
    const readers = [
      ...(await readersOf(served, 'burst', READING)),
      await Reader.join(served, 'burst', ['parlor.v1.batch']),
    ]
    for (let round = 1; round <= 10; round++) {
      await burst(served, 'burst', 1000)
      await Promise.all(readers.map((reader) => reader.reached(1000 * round)))
    }
    for (const reader of readers) {
      expect(reader.holes).toEqual([])
      expect(reader.delays).toHaveLength(10_000)
      reader.terminate()
    }
  })
})
