import {
  connect,
  type Environment,
  type Message,
  type Missed,
  type Parlor,
  type Room,
} from '../../../src/client/index.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import type { ClientDeps, MessageKind, SimClient } from './sim-client.ts'
import { webSocketOf } from './sim-websocket.ts'

interface Joined {
  readonly room: Room
  /** It has a position to go on from. */
  hasPlace: boolean
  /** What was missed has been told by the stream itself. */
  isToldAnew: boolean
}

/** An application on the real SDK: it does what it is asked to, and reports all that it hears. */
export class SdkClient implements SimClient {
  readonly #deps: ClientDeps
  readonly #parlor: Parlor
  readonly #rooms = new Map<string, Joined>()
  readonly #unsettled = new Set<string>()
  readonly #wakers = new Set<() => void>()
  readonly #kept: Map<string, StreamPosition>
  #conn: number | undefined

  constructor(deps: ClientDeps) {
    this.#deps = deps
    this.#kept = new Map(deps.kept)
    this.#parlor = connect('ws://parlor.test/ws', {
      WebSocket: webSocketOf(deps, ({ conn }) => {
        this.#conn = conn
      }),
      environment: this.#environment(),
      token: () => 'a token',
    })
  }

  get conn(): number | undefined {
    return this.#parlor.state.kind === 'open' ? this.#conn : undefined
  }

  get rooms(): string[] {
    return [...this.#rooms.keys()]
  }

  get unsettled(): string[] {
    return [...this.#unsettled]
  }

  join(name: string): void {
    if (this.#rooms.has(name) || this.#parlor.state.kind === 'closed') return
    const since = this.#kept.get(name)
    this.#kept.delete(name)
    const room = this.#parlor.join(name, {
      ...(since ? { since } : {}),
      history: this.#deps.chance.pick([0, 3, 30]),
      onMessage: (message) => this.#message(name, message),
      onMissed: (missed) => this.#missed(name, missed),
      onFailed: () => this.#rooms.delete(name),
    })
    const known = { room, hasPlace: since !== undefined, isToldAnew: false }
    this.#rooms.set(name, known)
    room.subscribe(({ kind }) => {
      if (kind === 'joined') this.#joined(name, known)
    })
  }

  leave(name: string): void {
    const known = this.#rooms.get(name)
    if (!known) return
    this.#rooms.delete(name)
    this.#deps.report(name, { event: 'left' })
    known.room.leave()
  }

  publish(name: string, kind: MessageKind, content: string): void {
    const room = this.#rooms.get(name)?.room
    if (!room) return
    if (kind === 'transient' || kind === 'bare') {
      room.publish(content, { transient: true }).catch(() => {})
      return
    }
    const said = kind === 'event' ? JSON.stringify(['n', [content]]) : content
    const work = kind === 'event' ? room.event('n', [content]) : room.publish(content)
    this.#unsettled.add(said)
    const settled = (outcome: { position: StreamPosition } | { refused: string }): void => {
      this.#unsettled.delete(said)
      this.#deps.report(name, { event: 'published', content: said, outcome })
    }
    work.then(
      ({ position }) => settled({ position }),
      (reason: unknown) => settled({ refused: String(reason) }),
    )
  }

  history(name: string): void {
    const known = this.#rooms.get(name)?.room
    const { position } = known ?? {}
    const isHeld = position !== undefined && (position.offset === 0 || position.id !== undefined)
    const from = isHeld ? this.#deps.chance.pick([{}, { after: position }, { before: position }]) : {}
    known?.history({ limit: this.#deps.chance.between(1, 12), ...from }).catch(() => {})
  }

  /** The SDK pings by itself. */
  ping(): void {}

  wake(): void {
    for (const wake of [...this.#wakers]) wake()
    this.#parlor.retry()
  }

  close(): void {
    if (this.#deps.chance.perMille(500)) for (const room of this.rooms) this.leave(room)
    this.#parlor.close()
  }

  #environment(): Partial<Environment> {
    const { process, chance, recorder } = this.#deps
    return {
      now: () => process.now(),
      monotonic: () => process.monotonic(),
      after: (ms, task) => process.after(ms, task),
      random: () => chance.below(1_000_000) / 1_000_000,
      id: () => chance.id(12),
      onWake: (listener) => {
        this.#wakers.add(listener)
        return () => this.#wakers.delete(listener)
      },
      report: (error) =>
        recorder.see({ what: 'logged', hub: 'an application', level: 'error', message: String(error) }),
    }
  }

  #joined(name: string, known: Joined): void {
    const { room, hasPlace, isToldAnew } = known
    known.hasPlace = true
    known.isToldAnew = false
    if (isToldAnew || !room.position) return
    this.#deps.report(name, { event: 'joined', position: room.position, recovered: hasPlace })
  }

  #message(name: string, message: Message): void {
    const { id, offset } = message
    const content = message.type === 'chat' ? message.content : JSON.stringify([message.name, message.data])
    this.#deps.report(name, { event: 'publication', offset, id, content })
  }

  #missed(name: string, missed: Missed): void {
    if (missed.kind === 'gap') {
      this.#deps.report(name, { event: 'gap', from: missed.from, to: missed.to })
    } else if (missed.kind === 'reset') {
      this.#deps.report(name, { event: 'reset', position: missed.position })
    } else {
      const known = this.#rooms.get(name)
      if (known) known.isToldAnew = true
      this.#deps.report(name, { event: 'joined', position: missed.position, recovered: false })
    }
  }
}
