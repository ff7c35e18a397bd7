import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshRoom } from '../contract/ground.ts'
import { line } from '../simulation/recorder.ts'
import { objects } from './harness.ts'
import { JudgedRun } from './judged/judged-run.ts'

const GATEWAY = 'gw:DFW:0'
/** Lines of what happened that are shown before a broken rule. */
const TAIL = 40

/** An object, by where it is: the two rooms' own, and the gateway. */
const object = fc.constantFrom('first', 'second', 'gateway')

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      who: fc.nat({ max: 3 }),
      room: fc.nat({ max: 1 }),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('visit' as const),
      who: fc.nat({ max: 3 }),
      room: fc.nat({ max: 1 }),
      isBrief: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('evict' as const),
      object,
      sockets: fc.constantFrom('hibernate' as const, 'hibernate' as const, 'close' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), object }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const), ms: fc.integer({ min: 1, max: 60 }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

describe('[ROOM-1] [ROOM-2] [ROOM-10] [ROOM-11] [ROOM-13] nothing is lost, doubled or out of order', () => {
  const world = objects({ PARLOR_HISTORY_SIZE: '10000' }, true)

  async function take(judged: JudgedRun, rooms: readonly string[], one: Step): Promise<void> {
    const nameOf = (which: 'first' | 'second' | 'gateway'): string =>
      which === 'gateway' ? GATEWAY : `room:${rooms[which === 'first' ? 0 : 1]}`
    switch (one.kind) {
      case 'say':
        return judged.say(one.who, one.room, one.times)
      case 'visit':
        return judged.visit(one.who, one.room, one.isBrief)
      case 'settle':
        return await new Promise((resolve) => setTimeout(resolve, one.ms))
      case 'abort':
        return await world.abort(nameOf(one.object))
      case 'evict':
        // One that is not running has no memory to lose.
        return await world.evict(nameOf(one.object), one.sockets).catch(() => {})
    }
  }

  async function run(steps: readonly Step[], seed: number, trouble?: (at: number) => Promise<void>): Promise<void> {
    const rooms = [freshRoom(), freshRoom()]
    const direct = { room: rooms[0] ?? '' }
    const judged = await JudgedRun.begin({ seed, rooms, served: world.served, clients: [direct, direct, {}, {}] })
    onTestFinished(() => judged.end())
    for (const [at, one] of steps.entries()) {
      await take(judged, rooms, one)
      await trouble?.(at)
    }
    const { violations, facts } = await judged.judge()
    await judged.end()
    const [first] = violations
    const tail = first ? facts.slice(Math.max(0, first.fact - TAIL), first.fact + 1).map(line) : []
    expect(violations, tail.join('\n')).toEqual([])
  }

  const steps = (length: number): fc.Arbitrary<Step[]> => fc.array(step, { minLength: 5, maxLength: length })
  const seed = fc.nat()

  test('whatever objects lose their memory, are cut off or aborted, of clients in either place', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(steps(30), seed, (all, number) => run(all, number)),
      { numRuns: 15, endOnFailure: true },
    )
  })

  test('[WORKER-3] over deploys, in the middle of all that', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps(20), seed, fc.nat({ max: 4 }), (all, number, when) =>
        run(all, number, async (at) => {
          if (at === when) await world.redeploy()
        }),
      ),
      { numRuns: 4, endOnFailure: true },
    )
  })
})
