import type { Hooks } from '../../src/core/hooks.ts'
import { Chance } from './chance.ts'
import { ClientHost } from './client-host.ts'
import type { MakeClient } from './clients/sim-client.ts'
import { Engine } from './engine/engine.ts'
import type { LinkQuality } from './engine/link.ts'
import { type HubOptions, HubProcess, type RuntimeKind } from './hub/hub-process.ts'
import { Sampler } from './hub/sampler.ts'
import { FrameReader } from './network/frames.ts'
import { Network, type Sabotage } from './network/network.ts'
import { BEGIN, type Process } from './process.ts'
import { drawProfile, type Profile } from './profile.ts'
import { Recorder } from './recorder.ts'
import { Scheduler } from './scheduler.ts'

/** Node, Deno and Bun, as far as the core can tell. */
const RUNTIMES: readonly RuntimeKind[] = [
  { pings: true, pauses: true },
  { pings: false, pauses: false },
  { pings: true, pauses: false },
]

export interface WorldOptions {
  readonly make: MakeClient
  readonly sabotage: Sabotage
}

/** An address behind which hubs live, one after the other. */
export interface Slot {
  readonly name: string
  readonly options: HubOptions
  lives: number
  current: HubProcess | undefined
}

/** All machines of a run and what is between them. Nothing happens in it by itself. */
export class World {
  readonly scheduler = new Scheduler()
  readonly recorder = new Recorder(this.scheduler)
  readonly chance: Chance
  readonly profile: Profile
  readonly engine: Engine
  readonly network: Network
  readonly slots: readonly Slot[]
  readonly hosts: readonly ClientHost[]
  /** Rooms of which something was lost that only a later publication can show. */
  readonly unheard = new Set<string>()
  /** Calls that the engine fails, of a thousand. */
  failing = 0
  /** All trouble is over. */
  isCalm = false
  readonly #sampler = new Sampler(this.recorder)

  constructor(seed: number, { make, sabotage }: WorldOptions) {
    const chance = new Chance(seed)
    const profile = drawProfile(chance)
    const { scheduler, recorder } = this
    const reader = new FrameReader()
    this.chance = chance
    this.profile = profile
    const now = (): number => BEGIN + scheduler.now()
    this.engine = new Engine({ chance: chance.fork(), recorder, limits: profile.engine, now })
    this.network = new Network(profile.network, {
      scheduler,
      chance: chance.fork(),
      recorder,
      sampler: this.#sampler,
      reader,
      sabotage,
      route: () => this.#route(),
    })
    this.slots = Array.from({ length: profile.hubs }, (_, i) => this.#slot(`h${i}`, sabotage))
    for (const slot of this.slots) this.start(slot)
    const host = { scheduler, chance, recorder, network: this.network, reader, make }
    const users = chance.perMille(200) ? 1 : profile.clients
    this.hosts = Array.from({ length: profile.clients }, (_, i) => new ClientHost(`c${i}`, `u${i % users}`, host))
  }

  /** Begins a hub's next life. */
  start(slot: Slot): void {
    if (slot.current && !slot.current.process.isDead) return
    const { scheduler, chance, recorder } = this
    const deps = { scheduler, chance, recorder, sampler: this.#sampler }
    slot.current = new HubProcess(`${slot.name}.${slot.lives++}`, slot.options, deps)
  }

  /** Hubs whose process lives. */
  hubs(): HubProcess[] {
    return this.slots.flatMap(({ current }) => (current && !current.process.isDead ? [current] : []))
  }

  /** What memory the hubs that live were seen to use becomes a fact. */
  sample(): void {
    for (const { wires } of this.hubs()) this.#sampler.forget(wires)
  }

  /** Mostly to a hub that accepts; now and then the balancer has not noticed yet that one does not. */
  #route(): HubProcess | undefined {
    const accepting = this.hubs().filter(({ isAccepting }) => isAccepting)
    if (accepting.length === 0 || (!this.isCalm && this.chance.perMille(100))) {
      return this.chance.pick(this.slots).current
    }
    return this.chance.pick(accepting)
  }

  #slot(name: string, sabotage: Sabotage): Slot {
    const { profile, engine } = this
    const chance = this.chance.fork()
    const options: HubOptions = {
      limits: profile.hubLimits,
      heartbeat: profile.heartbeat,
      hooks: (process) => (profile.slowHooks ? slowHooks(process, chance) : {}),
      runtime: chance.pick(RUNTIMES),
      skew: chance.between(-3000, 3000),
      link: {
        engine,
        quality: () => this.#quality(),
        failing: () => this.failing,
        lost: (room) => this.unheard.add(room),
      },
      tokenLife: () => (profile.shortTokens && !this.isCalm ? chance.between(100, 2000) : undefined),
      reconnect: () => chance.between(10, this.isCalm ? 50 : 800),
      patience: 1000,
      wrap: sabotage.adapter,
    }
    return { name, options, lives: 0, current: undefined }
  }

  #quality(): LinkQuality {
    const { link } = this.profile
    return this.isCalm ? { delay: link.delay, loss: 0, repeat: 0, reorder: 0 } : link
  }
}

/** An application that asks elsewhere whether somebody may. */
function slowHooks(process: Process, chance: Chance): Hooks {
  const yes = (): Promise<boolean> =>
    new Promise((resolve) => {
      process.after(chance.around(20), () => resolve(true))
    })
  return { join: yes, publish: yes }
}
