import type { ServerFrame } from '../../../src/core/protocol.ts'
import type { Outcome } from '../facts.ts'
import type { ClientDeps, MessageKind, Request } from './sim-client.ts'

interface Publish {
  readonly room: string
  readonly kind: MessageKind
  readonly content: string
  readonly id: string
  firstSent: number | undefined
  isUnderway: boolean
}

interface Owner {
  ask(frame: Request, answered: (reply: ServerFrame) => void): boolean
  tell(frame: Request): void
  isIn(room: string): boolean
}

/** The publishes of a scripted client: each is sent again, with the same id, until its outcome is known. */
export class ScriptedPublishes {
  readonly #deps: ClientDeps
  readonly #owner: Owner
  readonly #publishes = new Set<Publish>()

  constructor(deps: ClientDeps, owner: Owner) {
    this.#deps = deps
    this.#owner = owner
  }

  get unsettled(): string[] {
    return [...this.#publishes].map(({ content }) => content)
  }

  publish(room: string, kind: MessageKind, content: string): void {
    const publish = { room, kind, content, id: this.#deps.chance.id(8), firstSent: undefined, isUnderway: false }
    if (kind === 'chat' || kind === 'event') this.#publishes.add(publish)
    if (this.#owner.isIn(room)) this.#send(publish)
  }

  /** What waited for this room is sent, in order. */
  joined(room: string): void {
    for (const publish of this.#publishes) if (publish.room === room && !publish.isUnderway) this.#send(publish)
  }

  lost(): void {
    for (const publish of this.#publishes) publish.isUnderway = false
  }

  drop(room: string): void {
    for (const publish of this.#publishes) if (publish.room === room) this.#settle(publish, { refused: 'left' })
  }

  #send(publish: Publish): void {
    const { room, kind, content, id, firstSent } = publish
    const now = this.#deps.process.uptime()
    const body =
      kind === 'event' ? ({ type: 'event', name: 'n', data: [content] } as const) : ({ type: 'chat', content } as const)
    if (kind === 'bare') return this.#owner.tell({ ...body, room })
    if (kind === 'transient') {
      this.#owner.ask({ ...body, room, transient: true }, () => {})
      return
    }
    const age = firstSent === undefined ? {} : { age: now - firstSent }
    if (!this.#owner.ask({ ...body, room, id, ...age }, (reply) => this.#answered(publish, reply))) return
    publish.firstSent ??= now
    publish.isUnderway = true
  }

  #answered(publish: Publish, reply: ServerFrame): void {
    publish.isUnderway = false
    if (!this.#publishes.has(publish)) return
    if (reply.type === 'ack') return this.#settle(publish, { position: reply.position })
    if (reply.type !== 'error') return
    if (reply.retryable) this.#deps.process.after(this.#deps.chance.between(50, 500), () => this.#again(publish))
    else if (reply.code !== 'not_joined') this.#settle(publish, { refused: reply.code })
  }

  #again(publish: Publish): void {
    if (this.#publishes.has(publish) && !publish.isUnderway && this.#owner.isIn(publish.room)) this.#send(publish)
  }

  #settle(publish: Publish, outcome: Outcome): void {
    this.#publishes.delete(publish)
    const content = publish.kind === 'event' ? JSON.stringify(['n', [publish.content]]) : publish.content
    this.#deps.report(publish.room, { event: 'published', content, outcome })
  }
}
