import type { Json, StreamPosition } from '../core/protocol.ts'
import { backoff } from './backoff.ts'
import type { Environment } from './environment.ts'
import { ParlorError } from './errors.ts'
import type { Reply, ServerFrame } from './frames.ts'
import { messageOf, type Page } from './messages.ts'
import { Observable, safely } from './observable.ts'
import { type Capacity, Requests } from './requests.ts'
import type { HistoryOptions, JoinOptions, Published, PublishOptions, Room, RoomState, Transient } from './room.ts'
import { Stream } from './stream.ts'
import { refuseOthers } from './unknown-options.ts'
import type { Asked, Wire } from './wire.ts'

const JOINING: RoomState = { kind: 'joining' }
const UNHEARD: Asked = { answered() {}, lost() {} }

/** A room that is joined on every connection anew, from where its stream stands, until it is left or can't be joined. */
export class Membership implements Room {
  readonly name: string
  readonly subscribe: Room['subscribe']
  readonly #env: Environment
  readonly #history: number | undefined
  readonly #onFailed: (error: ParlorError) => void
  readonly #state: Observable<RoomState>
  readonly #stream: Stream
  readonly #requests: Requests
  readonly #ended: () => void
  #wire: Wire | undefined
  #isIn = false
  #failures = 0
  #cancelRetry = (): void => {}

  constructor(name: string, options: JoinOptions, env: Environment, capacity: Capacity, ended: () => void) {
    const { onMessage, onMissed, since, history, onFailed = env.report, ...others } = options
    refuseOthers(others)
    // Plain JavaScript can give what the types do not let through.
    if (typeof onMessage !== 'function') throw new TypeError('onMessage is no function')
    if (onMissed !== 'ignore' && typeof onMissed !== 'function') {
      throw new TypeError("onMissed is no function, nor 'ignore'")
    }
    this.name = name
    this.#env = env
    this.#history = history
    this.#onFailed = onFailed
    this.#ended = ended
    this.#state = new Observable(JOINING, env.report)
    this.subscribe = this.#state.subscribe
    this.#requests = new Requests(env, capacity)
    this.#stream = new Stream(
      {
        message: (message) => {
          this.#requests.seen(message)
          safely(env.report, () => onMessage(message))
        },
        missed: (missed) => onMissed !== 'ignore' && safely(env.report, () => onMissed(missed)),
      },
      since,
    )
  }

  get state(): RoomState {
    return this.#state.value
  }

  get position(): StreamPosition | undefined {
    return this.#stream.position
  }

  publish(content: string, options?: PublishOptions): Promise<Published>
  publish(content: string, options: Transient): Promise<undefined>
  publish(content: string, options: PublishOptions | Transient = {}): Promise<Published | undefined> {
    return this.#publish({ type: 'chat', room: this.name, content }, options)
  }

  event(name: string, data: Json, options?: PublishOptions): Promise<Published>
  event(name: string, data: Json, options: Transient): Promise<undefined>
  event(name: string, data: Json, options: PublishOptions | Transient = {}): Promise<Published | undefined> {
    return this.#publish({ type: 'event', room: this.name, name, data }, options)
  }

  history(request: HistoryOptions = {}): Promise<Page> {
    return this.#requests.ask({
      kind: 'query',
      frame: { type: 'history', room: this.name, ...request },
      read(reply) {
        if (reply.type !== 'history') return undefined
        const { publications, position, intact, more } = reply
        const messages = publications.map((each) => messageOf(each, position.epoch))
        return { value: { messages, position, intact, more } }
      },
    })
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (state: RoomState): void => {
        if (state.kind === 'joining') return
        stop()
        if (state.kind === 'joined') resolve()
        else reject(state.kind === 'failed' ? state.error : new ParlorError('left', 'Left'))
      }
      const stop = this.subscribe(look)
      look(this.state)
    })
  }

  leave(): void {
    const wire = this.#wire
    if (this.#isOver) return
    this.#finish({ kind: 'left' }, new ParlorError('left', 'Left'))
    // In order behind a join that is not answered yet, and before one that comes later.
    wire?.ask({ type: 'leave', room: this.name }, UNHEARD)
    this.#state.tell()
  }

  /** There is a connection. */
  opened(wire: Wire): void {
    this.#wire = wire
    this.#join(wire)
  }

  /** The connection is gone. */
  lost(): void {
    this.#wire = undefined
    this.#isIn = false
    this.#requests.shut()
    this.#cancelRetry()
    if (this.state.kind === 'joined') this.#state.set(JOINING)
  }

  /** There will be no connection any more; `error` where the application did not ask for that. */
  closed(error: ParlorError | undefined): void {
    if (error) return this.#fail(error)
    this.#finish({ kind: 'left' }, new ParlorError('closed', 'Closed'))
    this.#state.tell()
  }

  /** What a server says about the room without being asked. */
  received(frame: ServerFrame): void {
    // Before `joined` it is of a membership that was there before this one.
    if (!this.#isIn) return
    switch (frame.type) {
      case 'chat':
      case 'event':
        return this.#stream.publication(frame)
      case 'gap':
        return this.#stream.gap(frame)
      case 'reset':
        return this.#stream.reset(frame)
      case 'left':
        return this.#fail(new ParlorError('removed', 'Removed by the server'))
    }
  }

  get #isOver(): boolean {
    return this.state.kind === 'left' || this.state.kind === 'failed'
  }

  #join(wire: Wire): void {
    const since = this.#stream.position
    // A position without an id can't be resumed from; history from nowhere could repeat what was delivered.
    const isHeld = since !== undefined && (since.offset === 0 || since.id !== undefined)
    const frame = {
      type: 'join',
      room: this.name,
      since: isHeld ? since : undefined,
      history: isHeld || !since ? this.#history : undefined,
    }
    wire.ask(frame, { ...UNHEARD, answered: (reply) => wire === this.#wire && this.#answered(wire, reply) })
  }

  #answered(wire: Wire, reply: Reply): void {
    if (reply.type === 'joined') return this.#joined(wire, reply)
    const { code, message, retryable } =
      reply.type === 'error'
        ? reply
        : { code: 'internal' as const, message: `Answered with ${reply.type}`, retryable: false }
    const error = new ParlorError(code, message)
    if (!retryable) return this.#fail(error)
    this.#cancelRetry = this.#env.after(backoff(++this.#failures, this.#env.random()), () => this.#join(wire))
    this.#state.set({ kind: 'joining', trouble: error })
  }

  #joined(wire: Wire, frame: Extract<Reply, { type: 'joined' }>): void {
    this.#failures = 0
    this.#isIn = true
    this.#state.put({ kind: 'joined' })
    this.#stream.begin(frame)
    this.#state.tell()
    this.#requests.open(wire)
  }

  #fail(error: ParlorError): void {
    if (this.#isOver) return
    this.#finish({ kind: 'failed', error }, error)
    this.#state.tell()
    safely(this.#env.report, () => this.#onFailed(error))
  }

  #finish(state: RoomState, error: ParlorError): void {
    this.#wire = undefined
    this.#isIn = false
    this.#cancelRetry()
    this.#stream.end()
    this.#requests.end(error, state.kind === 'left')
    this.#state.put(state)
    this.#ended()
  }

  #publish(frame: object, options: PublishOptions | Transient): Promise<Published | undefined> {
    const { id: given, transient, ...others }: PublishOptions & Partial<Transient> = options
    refuseOthers(others)
    if (transient) {
      return this.#requests.ask({
        kind: 'transient',
        frame: { ...frame, transient: true },
        read: (reply) => (reply.type === 'ack' ? { value: undefined } : undefined),
      })
    }
    const id = given ?? this.#env.id()
    return this.#requests.ask({
      kind: 'publish',
      id,
      frame: { ...frame, id },
      read: (reply) =>
        reply.type === 'ack' && reply.position
          ? { value: { id, position: reply.position, duplicate: reply.duplicate === true } }
          : undefined,
    })
  }
}
