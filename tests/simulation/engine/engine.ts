import type {
  Deliver,
  Draft,
  HistoryPage,
  HistoryStart,
  Publication,
  Published,
} from '../../../src/core/broadcast-adapter.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import type { Chance } from '../chance.ts'
import type { Recorder } from '../recorder.ts'
import { type EngineLimits, EngineLog } from './engine-log.ts'

/** Who is told what is published in the rooms that it subscribed. */
export interface Subscriber {
  readonly announce: Deliver
}

export interface EngineDeps {
  readonly chance: Chance
  readonly recorder: Recorder
  readonly limits: EngineLimits
  /** The engine's clock, ms since 1970. */
  readonly now: () => number
}

/** The one engine behind all hubs: it does everything at once, in order, and tells the recorder the truth about its logs. */
export class Engine {
  readonly #deps: EngineDeps
  readonly #logs = new Map<string, EngineLog>()
  readonly #subscribers = new Map<string, Set<Subscriber>>()
  #branches = 0
  #ids = 0

  constructor(deps: EngineDeps) {
    this.#deps = deps
  }

  subscribe(room: string, subscriber: Subscriber): StreamPosition {
    const known = this.#subscribers.get(room)
    if (known) known.add(subscriber)
    else this.#subscribers.set(room, new Set([subscriber]))
    return this.#log(room).head
  }

  unsubscribe(room: string, subscriber: Subscriber): void {
    const known = this.#subscribers.get(room)
    known?.delete(subscriber)
    if (known?.size === 0) this.#subscribers.delete(room)
  }

  /** A subscriber's link has ended. */
  forget(subscriber: Subscriber): void {
    for (const room of [...this.#subscribers.keys()]) this.unsubscribe(room, subscriber)
  }

  /** Rooms that somebody is subscribed to. */
  get subscribed(): string[] {
    return [...this.#subscribers.keys()]
  }

  publish(room: string, draft: Draft): Published {
    const log = this.#log(room)
    const publication = this.#publicationOf(draft)
    if (draft.transient) {
      const { id } = publication
      this.#deps.recorder.see({ what: 'transient', room, id, content: contentOf(publication) })
      this.#announce(room, log.epoch, publication)
      return { duplicate: false }
    }
    const earlier = log.recall(draft, this.#deps.now())
    if (earlier) return earlier
    const kept = log.append(publication)
    this.#appended(room, log, kept)
    this.#announce(room, log.epoch, kept)
    return { position: log.head, duplicate: false }
  }

  history(room: string, start: HistoryStart, limit: number): HistoryPage {
    return this.#log(room).read(start, limit)
  }

  /** All state is lost. */
  restart(): void {
    for (const room of [...this.#logs.keys()]) this.lose(room)
  }

  /** One room's log is lost, and nobody is told. */
  lose(room: string): void {
    this.#logs.delete(room)
    this.#log(room)
  }

  /** A replica takes over that never heard of the last publications, up to `lag` in each room. */
  promote(lag: number): void {
    for (const [room, log] of this.#logs) {
      const offset = Math.max(0, log.head.offset - this.#deps.chance.below(lag + 1))
      if (offset === log.head.offset) continue
      const parent = log.branch
      log.fork(offset, this.#branches++)
      const { branch, floor } = log
      this.#deps.recorder.see({ what: 'forked', room, branch, parent, offset, floor })
    }
  }

  /** Everything but the newest `rest` publications can't be read any more. */
  trim(room: string, rest: number): void {
    const log = this.#log(room)
    if (log.trim(log.head.offset - rest)) this.#trimmed(room, log)
  }

  /** What is there now, for the end of a run. */
  heads(): { readonly room: string; readonly branch: number; readonly position: StreamPosition }[] {
    return [...this.#logs].map(([room, log]) => ({ room, branch: log.branch, position: log.head }))
  }

  #log(room: string): EngineLog {
    const known = this.#logs.get(room)
    if (known) {
      if (known.expire(this.#deps.now())) this.#trimmed(room, known)
      return known
    }
    const log = new EngineLog(this.#deps.chance.id(6), this.#branches++, this.#deps.limits)
    this.#logs.set(room, log)
    this.#deps.recorder.see({ what: 'began', room, branch: log.branch, epoch: log.epoch })
    return log
  }

  #publicationOf({ from, body, clientId }: Draft): Publication {
    const id = `p${(this.#ids++).toString(36)}`
    return { id, from, time: this.#deps.now(), body, ...(clientId === undefined ? {} : { clientId }) }
  }

  #appended(room: string, log: EngineLog, kept: Publication & { readonly offset: number }): void {
    const { offset, id, from, clientId } = kept
    const { branch } = log
    const content = contentOf(kept)
    this.#deps.recorder.see({ what: 'appended', room, branch, offset, id, user: from.id, clientId, content })
    if (log.expire(this.#deps.now())) this.#trimmed(room, log)
  }

  #trimmed(room: string, { branch, floor }: EngineLog): void {
    this.#deps.recorder.see({ what: 'trimmed', room, branch, floor })
  }

  #announce(room: string, epoch: string, publication: Publication): void {
    for (const subscriber of this.#subscribers.get(room) ?? []) subscriber.announce(room, epoch, [publication])
  }
}

export const contentOf = ({ body }: Publication): string =>
  body.kind === 'chat' ? body.content : JSON.stringify([body.name, body.data])
