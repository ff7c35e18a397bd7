import fc from 'fast-check'
import { expect, test } from 'vitest'
import { draws } from './fake-world.ts'
import { type Command, calm, stormy, wild } from './hub-commands.ts'
import { HubRun } from './hub-run.ts'

async function holds(commands: fc.Arbitrary<Command>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(commands, { maxLength: 90, size: 'max' }), async (drawn) => {
      const run = new HubRun()
      for (const command of drawn) await run.apply(command)
      await run.calmDown()
      expect(await run.end()).toEqual({ connections: 0, rooms: 0, logs: 0, timers: 0 })
    }),
    draws(runs),
  )
}

test('[ROOM-1] [ROOM-2] [ROOM-6] [CONN-2] whatever clients, sockets and time do, the streams hold', () =>
  holds(calm, 150))

test('[ROOM-1] [ROOM-2] [ROOM-5] [WS-7] whatever the adapter does beside, too', () => holds(stormy, 200))

test('[ROOM-1] [ROOM-2] [ROOM-9] and where logs are lost', () => holds(wild, 300))
