import type { BroadcastAdapter } from '../../../src/core/broadcast-adapter.ts'
import type { Transport } from '../../../src/core/transport.ts'
import type { Chance } from '../chance.ts'
import type { HubProcess } from '../hub/hub-process.ts'
import type { Sampler } from '../hub/sampler.ts'
import type { Process } from '../process.ts'
import type { Recorder } from '../recorder.ts'
import type { Scheduler } from '../scheduler.ts'
import type { FrameReader } from './frames.ts'
import { ServerEnd } from './server-end.ts'
import { type SocketHandlers, Wire } from './wire.ts'

/** Deliberate faults, for the proof that the checker finds them. */
export interface Sabotage {
  readonly adapter: (adapter: BroadcastAdapter) => BroadcastAdapter
  readonly transport: (transport: Transport) => Transport
  /** The `session` that a handshake presents, as the hub is told it. */
  readonly session: (session: string | undefined) => string | undefined
}

export interface NetworkOptions {
  readonly delay: number
  readonly window: number
  readonly scale: number
}

/** Who connects, and what the handshake says. */
export interface Caller {
  readonly client: string
  readonly process: Process
  readonly user: string
  readonly session: string | undefined
  readonly batches: boolean
}

/** What a client holds of its connection. */
export interface Socket {
  readonly conn: number
  send(text: string): void
  close(): void
}

export interface NetworkDeps {
  readonly scheduler: Scheduler
  readonly chance: Chance
  readonly recorder: Recorder
  readonly sampler: Sampler
  readonly reader: FrameReader
  readonly sabotage: Sabotage
  /** The hub that the balancer sends the next client to, be it there or not. */
  readonly route: () => HubProcess | undefined
}

/** Connects clients to hubs. */
export class Network {
  readonly wires = new Set<Wire>()
  readonly #options: NetworkOptions
  readonly #deps: NetworkDeps
  /** Clients that are cut off, and the connections that this holds up. */
  readonly #unreachable = new Map<Process, Set<Wire>>()
  #count = 0

  constructor(options: NetworkOptions, deps: NetworkDeps) {
    this.#options = options
    this.#deps = deps
  }

  connect(caller: Caller, handlers: SocketHandlers): Socket {
    const { scheduler, chance } = this.#deps
    const conn = this.#count++
    const attempt: { wire: Wire | undefined; isOver: boolean } = { wire: undefined, isOver: false }
    const end = (): void => {
      if (attempt.isOver) return
      attempt.isOver = true
      handlers.close(1006, '')
    }
    const accept = (to: HubProcess): void => {
      const wire = this.#accept(conn, caller, to, handlers)
      attempt.wire = wire
      if (!attempt.isOver && !caller.process.isDead) return
      // The client has given up meanwhile.
      this.wires.delete(wire)
      wire.abandon(false)
    }
    const arrive = (): void => {
      if (attempt.isOver || this.#unreachable.has(caller.process)) return
      const to = this.#deps.route()
      if (to?.isAccepting) to.process.enter(() => accept(to))
      else scheduler.after(chance.around(this.#options.delay), () => caller.process.enter(end))
    }
    scheduler.after(chance.around(this.#options.delay), arrive)
    return {
      conn,
      send: (text) => attempt.wire?.say(text),
      close: () => {
        if (attempt.wire) attempt.wire.close()
        else scheduler.after(0, () => caller.process.enter(() => (attempt.wire ? attempt.wire.close() : end())))
      },
    }
  }

  /** Nothing passes between a client and the world for a while; what was under way waits. */
  partition(client: Process): void {
    const held = this.#unreachable.get(client) ?? new Set()
    this.#unreachable.set(client, held)
    for (const wire of this.wires) {
      if (wire.client !== client) continue
      held.add(wire)
      wire.up.stop('partition')
      wire.down.stop('partition')
    }
  }

  heal(client: Process): void {
    for (const wire of this.#unreachable.get(client) ?? []) {
      wire.up.go('partition')
      wire.down.go('partition')
    }
    this.#unreachable.delete(client)
  }

  healAll(): void {
    for (const client of [...this.#unreachable.keys()]) this.heal(client)
  }

  /** The client's process has died. */
  abandon(client: Process, isUnnoticed: boolean): void {
    for (const wire of this.wires) {
      if (wire.client !== client) continue
      this.wires.delete(wire)
      wire.abandon(isUnnoticed)
    }
  }

  #accept(conn: number, caller: Caller, to: HubProcess, handlers: SocketHandlers): Wire {
    const { recorder, sampler, reader, sabotage } = this.#deps
    const { runtime, heartbeat } = to.options
    const drops = runtime.pings ? undefined : heartbeat.interval + heartbeat.grace
    const over = {
      ...handlers,
      close: (code: number, reason: string): void => {
        this.wires.delete(wire)
        handlers.close(code, reason)
      },
    }
    const wire = new Wire(conn, caller.process, to.process, over, {
      ...this.#deps,
      ...this.#options,
      drops,
      forgotten: () => {
        sampler.forget([wire])
        to.wires.delete(wire)
      },
    })
    this.wires.add(wire)
    const { user, client, session, batches } = caller
    recorder.see({ what: 'opened', conn, client, user, hub: to.name, session })
    const { scale } = this.#options
    const transport = new ServerEnd(wire, recorder, reader, { ...runtime, batches, scale })
    wire.down.push({ kind: 'open' })
    to.accept(wire, sabotage.transport(transport), user, sabotage.session(session))
    return wire
  }
}
