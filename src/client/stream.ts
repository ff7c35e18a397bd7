import type { StreamPosition } from '../core/protocol.ts'
import type { PublicationFrame, ServerFrame } from './frames.ts'
import { type Message, type Missed, messageOf } from './messages.ts'

type Frame<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>

export interface StreamHandlers {
  readonly message: (message: Message) => void
  readonly missed: (missed: Missed) => void
}

/** The messages of one membership: in order, each once, and nothing left out in silence. It trusts no server further than it sees. */
export class Stream {
  readonly #handlers: StreamHandlers
  /** The last publication that was delivered, or where the stream begins. */
  #position: StreamPosition | undefined
  /** The last offset that was delivered or said to be lost. */
  #reached = 0
  #isOver = false

  constructor(handlers: StreamHandlers, since: StreamPosition | undefined) {
    this.#handlers = handlers
    if (since) this.#moveTo(since)
  }

  get position(): StreamPosition | undefined {
    return this.#position
  }

  begin({ position, recovered }: Frame<'joined'>): void {
    const since = this.#position
    if (since && recovered) return
    this.#moveTo(position)
    if (since) this.#missed({ kind: 'not_recovered', since, position })
  }

  publication(frame: PublicationFrame): void {
    const { offset } = frame
    const epoch = this.#position?.epoch
    if (epoch === undefined || this.#isOver || (offset !== undefined && offset <= this.#reached)) return
    if (offset !== undefined) this.#lostUpTo(offset - 1)
    if (this.#isOver) return
    const message: Message = frame.offset === undefined ? frame : messageOf(frame, epoch)
    // Before the handler: what it does may already build on this position.
    if (message.position) this.#moveTo(message.position)
    this.#handlers.message(message)
  }

  gap({ to }: Frame<'gap'>): void {
    this.#lostUpTo(to)
  }

  reset({ position, reason }: Frame<'reset'>): void {
    this.#moveTo(position)
    this.#missed({ kind: 'reset', position, reason })
  }

  end(): void {
    this.#isOver = true
  }

  #lostUpTo(to: number): void {
    const from = this.#reached + 1
    if (to < from) return
    this.#reached = to
    this.#missed({ kind: 'gap', from, to, missed: to - from + 1 })
  }

  #missed(missed: Missed): void {
    if (!this.#isOver) this.#handlers.missed(missed)
  }

  #moveTo(position: StreamPosition): void {
    this.#position = position
    this.#reached = position.offset
  }
}
