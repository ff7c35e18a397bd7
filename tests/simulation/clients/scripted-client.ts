import type { ServerFrame, StreamPosition } from '../../../src/core/protocol.ts'
import { ScriptedPublishes } from './scripted-publishes.ts'
import { ScriptedSocket } from './scripted-socket.ts'
import type { ClientDeps, MessageKind, SimClient } from './sim-client.ts'

interface Membership {
  /** The last publication that it has, or where its stream began. */
  place: StreamPosition | undefined
  /** The last offset that it has, or was told to be lost. */
  reached: number
  /** `joined` has come on this connection. */
  joined: boolean
}

/** A client as SPEC.md wants it, as simple as can be: it resumes by position and sends again what was not acknowledged. */
export class ScriptedClient implements SimClient {
  readonly #deps: ClientDeps
  readonly #socket: ScriptedSocket
  readonly #memberships = new Map<string, Membership>()
  readonly #publishes: ScriptedPublishes
  readonly #kept: Map<string, StreamPosition>

  constructor(deps: ClientDeps) {
    this.#deps = deps
    this.#kept = new Map(deps.kept)
    this.#socket = new ScriptedSocket(deps, {
      opened: () => this.#opened(),
      heard: (frame) => this.#heard(frame),
      lost: () => this.#lost(),
    })
    this.#publishes = new ScriptedPublishes(deps, {
      ask: (frame, answered) => this.#socket.ask(frame, answered),
      tell: (frame) => this.#socket.tell(frame),
      isIn: (room) => this.#memberships.get(room)?.joined === true,
    })
  }

  get conn(): number | undefined {
    return this.#socket.conn
  }

  get rooms(): string[] {
    return [...this.#memberships.keys()]
  }

  get unsettled(): string[] {
    return this.#publishes.unsettled
  }

  join(room: string): void {
    const known = this.#memberships.get(room)
    const place = this.#kept.get(room)
    this.#kept.delete(room)
    const membership = known ?? { place, reached: place?.offset ?? 0, joined: false }
    this.#memberships.set(room, membership)
    if (!known) this.#ask(room, membership)
    // A second join changes nothing.
    else if (known.joined) this.#socket.ask({ type: 'join', room }, () => {})
  }

  leave(room: string): void {
    if (!this.#memberships.delete(room)) return
    this.#deps.report(room, { event: 'left' })
    this.#publishes.drop(room)
    this.#socket.ask({ type: 'leave', room }, () => {})
  }

  publish(room: string, kind: MessageKind, content: string): void {
    if (this.#memberships.has(room)) this.#publishes.publish(room, kind, content)
  }

  history(room: string): void {
    const place = this.#memberships.get(room)?.place
    const from = place && isHeld(place) ? this.#deps.chance.pick([{}, { after: place }, { before: place }]) : {}
    this.#socket.ask({ type: 'history', room, limit: this.#deps.chance.between(1, 12), ...from }, () => {})
  }

  ping(): void {
    this.#socket.ask({ type: 'ping' }, () => {})
  }

  /** It never waits for long. */
  wake(): void {}

  close(): void {
    if (this.#deps.chance.perMille(500)) for (const room of this.rooms) this.leave(room)
    this.#socket.close()
  }

  #opened(): void {
    for (const [room, membership] of this.#memberships) this.#ask(room, membership)
  }

  #lost(): void {
    for (const membership of this.#memberships.values()) membership.joined = false
    this.#publishes.lost()
  }

  #ask(room: string, membership: Membership): void {
    const { place } = membership
    const history = this.#deps.chance.pick([0, 0, 3, 30])
    const from = place && isHeld(place) ? { since: place } : history > 0 ? { history } : {}
    this.#socket.ask({ type: 'join', room, ...from }, (reply) => this.#joined(room, membership, reply))
  }

  #joined(room: string, membership: Membership, reply: ServerFrame): void {
    if (this.#memberships.get(room) !== membership) return
    if (reply.type === 'error' && reply.retryable) {
      const { conn } = this
      this.#deps.process.after(this.#deps.chance.between(50, 500), () => {
        if (this.conn === conn && this.#memberships.get(room) === membership) this.#ask(room, membership)
      })
    } else if (reply.type === 'joined') {
      const { position, recovered } = reply
      membership.joined = true
      if (!recovered) membership.reached = position.offset
      membership.place = position
      this.#deps.report(room, { event: 'joined', position, recovered })
      this.#publishes.joined(room)
    }
  }

  #heard(frame: ServerFrame): void {
    if (!('room' in frame) || frame.room === undefined) return
    const membership = this.#memberships.get(frame.room)
    if (membership?.joined) this.#follow(frame.room, membership, frame)
  }

  #follow(room: string, membership: Membership, frame: ServerFrame): void {
    if (frame.type === 'gap') {
      const from = Math.max(frame.from, membership.reached + 1)
      if (from > frame.to) return
      membership.reached = frame.to
      this.#deps.report(room, { event: 'gap', from, to: frame.to })
    } else if (frame.type === 'reset') {
      membership.place = frame.position
      membership.reached = frame.position.offset
      this.#deps.report(room, { event: 'reset', position: frame.position })
    } else if (frame.type === 'chat' || frame.type === 'event') {
      const { offset, id } = frame
      if (offset !== undefined && offset <= membership.reached) return
      const content = frame.type === 'chat' ? frame.content : JSON.stringify([frame.name, frame.data])
      const epoch = membership.place?.epoch ?? ''
      if (offset !== undefined) {
        membership.place = { epoch, offset, id }
        membership.reached = offset
      }
      this.#deps.report(room, { event: 'publication', offset, id, content })
    }
  }
}

/** Worth something as `since`. */
const isHeld = ({ offset, id }: StreamPosition): boolean => offset === 0 || id !== undefined
