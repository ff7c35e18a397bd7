import { ScriptedClient } from './clients/scripted-client.ts'
import { SdkClient } from './clients/sdk-client.ts'
import type { MakeClient } from './clients/sim-client.ts'
import type { Fact } from './facts.ts'
import { mend, strike } from './faults.ts'
import { inWords, watched } from './mishaps.ts'
import type { Sabotage } from './network/network.ts'
import type { Profile } from './profile.ts'
import { Traffic } from './traffic.ts'
import { World, type WorldOptions } from './world.ts'

/** ms without trouble after which everything has to be well: longer than every patience and every retry. */
const CALM = 45_000
/** ms after which nothing may be left of clients that went. */
const FAREWELL = 8000

export const NO_SABOTAGE: Sabotage = {
  adapter: (adapter) => adapter,
  transport: (transport) => transport,
  session: (session) => session,
}

export interface Run {
  readonly profile: Profile
  readonly facts: readonly Fact[]
}

/** The real SDK, or a simple client written from SPEC.md: hubs must serve both. */
const anyClient: MakeClient = (deps) => (deps.chance.perMille(600) ? new SdkClient(deps) : new ScriptedClient(deps))

/** One run: trouble for a while, then calm, then everybody leaves. The same seed makes the same run. */
export async function simulate(seed: number, options: Partial<WorldOptions> = {}): Promise<Run> {
  const world = new World(seed, { make: anyClient, sabotage: NO_SABOTAGE, ...options })
  const { profile, recorder } = world
  const mishap = (what: string, reason: unknown): void =>
    recorder.see({ what: 'logged', hub: 'a process', level: 'error', message: `${what}: ${inWords(reason)}` })
  world.scheduler.failed = (reason) => mishap('thrown', reason)
  await watched(
    () => play(world),
    (reason) => mishap('rejected, and nobody cared', reason),
  )
  return { profile, facts: recorder.facts }
}

async function play(world: World): Promise<void> {
  const { profile } = world
  const traffic = new Traffic(world)
  traffic.begin()
  repeat(world, profile.pace, () => traffic.act())
  if (profile.faults.length > 0) repeat(world, profile.peace, () => strike(world, world.chance.pick(profile.faults)))
  await world.scheduler.runTo(profile.duration)
  await calmDown(world, traffic)
  await farewell(world)
}

/** Does something now and then, as long as there is trouble. */
function repeat(world: World, mean: number, task: () => void): void {
  world.scheduler.after(1 + world.chance.around(mean), () => {
    if (world.isCalm) return
    task()
    repeat(world, mean, task)
  })
}

async function calmDown(world: World, traffic: Traffic): Promise<void> {
  const { scheduler, recorder, profile } = world
  mend(world)
  for (const { client } of world.hosts) client.wake()
  await scheduler.runTo(profile.duration + CALM)
  for (const room of world.unheard) traffic.fromOutside(room, 1)
  await scheduler.runTo(profile.duration + CALM + (world.unheard.size > 0 ? 2000 : 0))
  recorder.see({ what: 'calm' })
  for (const head of world.engine.heads()) recorder.see({ what: 'head', ...head })
  for (const { name, client } of world.hosts) {
    const { conn, rooms, unsettled } = client
    recorder.see({ what: 'expected', client: name, conn, rooms, unsettled })
  }
  for (const { name, hub } of world.hubs()) recorder.see({ what: 'serving', hub: name, connections: hub.connections })
}

async function farewell(world: World): Promise<void> {
  const { scheduler, recorder, engine } = world
  for (const { client } of world.hosts) client.close()
  await scheduler.runTo(scheduler.now() + FAREWELL)
  world.sample()
  for (const { name, hub, process } of world.hubs()) {
    const left = { connections: hub.connections, rooms: hub.rooms.size, timers: process.timers }
    for (const [of, count] of Object.entries(left)) {
      if (count > 0) recorder.see({ what: 'left over', hub: name, of, count })
    }
  }
  const { length } = engine.subscribed
  if (length > 0) recorder.see({ what: 'left over', hub: 'engine', of: 'subscriptions', count: length })
}
