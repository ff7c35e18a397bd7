import type { Cancel } from '../../../src/core/clock.ts'
import type { ServerFrame } from '../../../src/core/protocol.ts'
import type { Socket } from '../network/network.ts'
import type { ClientDeps, Request } from './sim-client.ts'

/** ms until a connection that does not come about is given up. */
const CONNECT_PATIENCE = 2000
/** ms without a word from the hub, after which it is asked whether it is there; and as many again until it is given up. */
const SILENCE = 4000

interface SocketOwner {
  /** `welcome` has come. */
  opened(): void
  /** A frame that answers no request. */
  heard(frame: ServerFrame): void
  lost(): void
}

interface Current {
  readonly socket: Socket
  readonly asked: Map<number, (reply: ServerFrame) => void>
  isOpen: boolean
  heardAt: number
  isAsked: boolean
}

/** The connections of a scripted client, one after the other: it connects again whenever one is lost. */
export class ScriptedSocket {
  readonly #deps: ClientDeps
  readonly #owner: SocketOwner
  #current: Current | undefined
  #session: string | undefined
  #failures = 0
  #ref = 0
  #timer: Cancel = () => {}
  #isClosed = false
  readonly #batches: boolean

  constructor(deps: ClientDeps, owner: SocketOwner) {
    this.#deps = deps
    this.#owner = owner
    this.#batches = deps.chance.perMille(500)
    this.#timer = deps.process.after(0, () => this.#connect())
  }

  /** The connection that has been welcomed. */
  get conn(): number | undefined {
    return this.#current?.isOpen ? this.#current.socket.conn : undefined
  }

  /** Sends a request where there is a connection. */
  ask(frame: Request, answered: (reply: ServerFrame) => void): boolean {
    const current = this.#current
    if (!current?.isOpen) return false
    const ref = ++this.#ref
    current.asked.set(ref, answered)
    current.socket.send(JSON.stringify({ ...frame, ref }))
    return true
  }

  /** The same, but no answer is wanted. */
  tell(frame: Request): void {
    if (this.#current?.isOpen) this.#current.socket.send(JSON.stringify(frame))
  }

  close(): void {
    this.#isClosed = true
    this.#timer()
    this.#drop()
  }

  #connect(): void {
    if (this.#isClosed) return
    const handlers = {
      open: () => {},
      message: (data: string) => {
        if (this.#current === current) for (const text of data.split('\n')) this.#heard(current, text)
      },
      close: (code: number) => {
        if (this.#current !== current) return
        if (code === 4501) this.#session = undefined
        this.#retry()
      },
    }
    const current: Current = {
      socket: this.#deps.connect(handlers, { session: this.#session, batches: this.#batches }),
      asked: new Map(),
      isOpen: false,
      heardAt: this.#deps.process.uptime(),
      isAsked: false,
    }
    this.#current = current
    this.#timer = this.#deps.process.after(CONNECT_PATIENCE, () => this.#retry())
  }

  #retry(): void {
    this.#timer()
    this.#drop()
    if (this.#isClosed) return
    const backoff = Math.min(1000, 20 * 2 ** this.#failures++)
    this.#timer = this.#deps.process.after(this.#deps.chance.below(backoff), () => this.#connect())
  }

  #drop(): void {
    const current = this.#current
    this.#current = undefined
    current?.socket.close()
    if (current?.isOpen) this.#owner.lost()
  }

  #heard(current: Current, text: string): void {
    const read = this.#deps.read(text)
    current.heardAt = this.#deps.process.uptime()
    current.isAsked = false
    if (!('frame' in read)) return
    const { frame } = read
    if (frame.type === 'welcome') return this.#welcomed(current, frame.session)
    if (frame.type === 'drain') {
      this.#deps.process.after(frame.reconnectAfter, () => {
        if (this.#current === current) this.#retry()
      })
    }
    const answered = 'ref' in frame && typeof frame.ref === 'number' ? current.asked.get(frame.ref) : undefined
    if (!answered || !('ref' in frame) || typeof frame.ref !== 'number') return this.#owner.heard(frame)
    current.asked.delete(frame.ref)
    answered(frame)
  }

  #welcomed(current: Current, session: string): void {
    this.#session = session
    this.#failures = 0
    current.isOpen = true
    this.#timer()
    this.#watch(current)
    this.#owner.opened()
  }

  /** Looks whether the hub still speaks, as often as needed. */
  #watch(current: Current): void {
    const left = current.heardAt + SILENCE - this.#deps.process.uptime()
    if (left > 0) {
      this.#timer = this.#deps.process.after(left, () => this.#watch(current))
    } else if (!current.isAsked) {
      current.isAsked = true
      this.ask({ type: 'ping' }, () => {})
      this.#timer = this.#deps.process.after(SILENCE, () => this.#watch(current))
    } else this.#retry()
  }
}
