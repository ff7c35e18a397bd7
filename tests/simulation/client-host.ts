import type { StreamPosition } from '../../src/core/protocol.ts'
import type { Chance } from './chance.ts'
import type { MakeClient, SimClient } from './clients/sim-client.ts'
import type { AppEvent } from './facts.ts'
import type { FrameReader } from './network/frames.ts'
import type { Network } from './network/network.ts'
import { Process } from './process.ts'
import type { Recorder } from './recorder.ts'
import type { Scheduler } from './scheduler.ts'

export interface ClientHostDeps {
  readonly scheduler: Scheduler
  readonly chance: Chance
  readonly recorder: Recorder
  readonly network: Network
  readonly reader: FrameReader
  readonly make: MakeClient
}

/** A client's machine: its processes, one after the other, and what stays over their ends: who it is. */
export class ClientHost {
  readonly name: string
  readonly user: string
  process: Process
  client: SimClient
  readonly #deps: ClientHostDeps
  readonly #chance: Chance
  /** What an application may keep over its end: how far it has come in each room. */
  #places = new Map<string, StreamPosition>()

  constructor(name: string, user: string, deps: ClientHostDeps) {
    this.name = name
    this.user = user
    this.#deps = deps
    this.#chance = deps.chance.fork()
    this.process = this.#process()
    this.client = this.#client(this.process)
  }

  /** The process dies and another begins, which knows nothing, or where the one before was in each room. */
  restart(isUnnoticed: boolean): void {
    const kept = this.#chance.perMille(500)
    this.#deps.recorder.note(`${this.name} is killed and starts again${kept ? ' from where it was' : ''}`)
    this.process.kill()
    this.#deps.network.abandon(this.process, isUnnoticed)
    for (const room of new Set([...this.client.rooms, ...this.#places.keys()])) {
      this.#report(room, { event: 'restarted', kept: kept && this.#places.has(room) })
    }
    if (!kept) this.#places = new Map()
    this.process = this.#process()
    this.client = this.#client(this.process)
  }

  #process(): Process {
    return new Process(this.#deps.scheduler, this.#chance, this.#chance.between(-5000, 5000))
  }

  #client(process: Process): SimClient {
    const { network, reader, recorder, make } = this.#deps
    const { name: client, user } = this
    return make({
      process,
      chance: this.#chance,
      recorder,
      connect: (handlers, handshake) => network.connect({ client, user, process, ...handshake }, handlers),
      read: (text) => reader.ofServer(text),
      kept: new Map(this.#places),
      report: (room, event) => this.#report(room, event),
    })
  }

  #report(room: string, event: AppEvent): void {
    this.#keep(room, event)
    this.#deps.recorder.see({ ...event, what: 'app', client: this.name, room })
  }

  #keep(room: string, event: AppEvent): void {
    const before = this.#places.get(room)
    if (event.event === 'left') this.#places.delete(room)
    else if (event.event === 'joined' || event.event === 'reset') this.#places.set(room, event.position)
    else if (event.event === 'publication' && event.offset !== undefined && before) {
      this.#places.set(room, { epoch: before.epoch, offset: event.offset, id: event.id })
    }
  }
}
