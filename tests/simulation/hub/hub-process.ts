import type { BroadcastAdapter, LogLimits } from '../../../src/core/broadcast-adapter.ts'
import type { Hooks, Identity } from '../../../src/core/hooks.ts'
import { Hub } from '../../../src/core/hub.ts'
import { DEFAULT_SETTINGS, type HubSettings } from '../../../src/core/settings.ts'
import type { Transport } from '../../../src/core/transport.ts'
import type { Chance } from '../chance.ts'
import { SimAdapter } from '../engine/adapter.ts'
import type { LinkDeps } from '../engine/link.ts'
import type { Wire } from '../network/wire.ts'
import { Process } from '../process.ts'
import type { Recorder } from '../recorder.ts'
import type { Scheduler } from '../scheduler.ts'
import { HeldBatches } from './held-batches.ts'
import type { Sampler } from './sampler.ts'

/** What a platform's runtime does for its hub. */
export interface RuntimeKind {
  readonly pings: boolean
  readonly pauses: boolean
}

export interface HubOptions {
  readonly limits: LogLimits
  readonly heartbeat: HubSettings['heartbeat']
  readonly hooks: (process: Process) => Hooks
  readonly runtime: RuntimeKind
  /** ms that the process's clock is wrong by. */
  readonly skew: number
  readonly link: Pick<LinkDeps, 'engine' | 'quality' | 'failing' | 'lost'>
  /** ms for which a new token is good; undefined: for ever. */
  readonly tokenLife: () => number | undefined
  /** ms until a broken link is made again. */
  readonly reconnect: () => number
  readonly patience: number
  /** For deliberate faults. */
  readonly wrap: (adapter: BroadcastAdapter) => BroadcastAdapter
}

export interface HubProcessDeps {
  readonly scheduler: Scheduler
  readonly chance: Chance
  readonly recorder: Recorder
  readonly sampler: Sampler
}

/** One life of a hub's process, with its adapter and its sockets. */
export class HubProcess {
  readonly name: string
  readonly process: Process
  readonly options: HubOptions
  readonly hub: Hub
  readonly adapter: SimAdapter
  readonly wires = new Set<Wire>()
  readonly #batches = new HeldBatches()
  readonly #deps: HubProcessDeps
  #isReady = false

  constructor(name: string, options: HubOptions, deps: HubProcessDeps) {
    const { scheduler, recorder, sampler } = deps
    const chance = deps.chance.fork()
    const process = new Process(scheduler, chance, options.skew)
    this.name = name
    this.options = options
    this.process = process
    this.#deps = deps
    const { link, reconnect, patience } = options
    this.adapter = new SimAdapter({ ...link, name, scheduler, chance, process, recorder, reconnect, patience })
    const log = sampler.logger(name)
    this.hub = new Hub({
      adapter: options.wrap(this.adapter),
      clock: process,
      loop: process,
      random: chance,
      log,
      settings: { ...DEFAULT_SETTINGS, heartbeat: options.heartbeat, drainWindow: 200, maxLinger: 25 },
      limitsOf: () => options.limits,
      hooks: options.hooks(process),
      fanOut: this.#batches,
      section: 2,
    })
    process.afterTurn = () => sampler.look(this.wires)
    void this.#start()
  }

  /** Connections are accepted. */
  get isAccepting(): boolean {
    return this.#isReady && !this.process.isDead && !this.hub.isDraining
  }

  /** Takes a connection, as a runtime does after the upgrade. */
  accept(wire: Wire, transport: Transport, user: string, session: string | undefined): void {
    this.wires.add(wire)
    const socket = this.#batches.socket(transport, (what) =>
      this.#deps.recorder.see({
        what: 'malformed',
        conn: wire.id,
        text: what,
        why: 'asked of a socket that holds a batch',
      }),
    )
    wire.connection = this.hub.openJson(socket, this.#identify(user), {
      authenticate: () => Promise.resolve(this.#identify(user)),
      ...(session === undefined ? {} : { session }),
    })
  }

  /** SIGKILL, or the machine's end: then its clients hear nothing. */
  kill(isUnnoticed: boolean): void {
    if (this.process.isDead) return
    this.#deps.recorder.note(`${this.name} is killed${isUnnoticed ? ', and nobody is told' : ''}`)
    this.process.kill()
    this.adapter.break(0)
    for (const wire of this.wires) wire.orphan(isUnnoticed)
    this.#deps.sampler.forget(this.wires)
  }

  /** SIGTERM. */
  async drain(): Promise<void> {
    this.#deps.recorder.note(`${this.name} drains`)
    await this.hub.drain(300)
    await this.hub.close()
    this.process.after(500, () => this.kill(false))
  }

  #identify(user: string): Identity {
    const life = this.options.tokenLife()
    const expires = life === undefined ? {} : { expires: this.process.now() + life }
    return { user: { id: user, name: user.toUpperCase() }, ...expires }
  }

  async #start(): Promise<void> {
    await this.hub.start()
    this.#isReady = true
  }
}
