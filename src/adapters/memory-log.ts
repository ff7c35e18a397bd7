import type { Body, Draft, HistoryPage, HistoryStart, LogLimits, Publication } from '../core/broadcast-adapter.ts'
import type { Due } from '../core/deadlines.ts'
import { type ClientKey, clientKey, DEDUPE_LIMITS, Dedupe, recalled } from '../core/dedupe.ts'
import { Log, type LogEntry } from '../core/log.ts'
import type { StreamPosition } from '../core/protocol.ts'
import { type Placed, placed } from './placed.ts'

/** What objects cost beside their content, measured on V8: a publication in a log, a client id that is remembered. In bytes. */
const ENTRY_COST = 500
const ID_COST = 400
/** Characters of a chat as JSON beside its content. */
const CHAT_LENGTH = JSON.stringify({ kind: 'chat', content: '' }).length

/** `publication` without its body is never given away. `json`: the body of an event, which takes a multiple of its text once it is read. */
interface Kept extends LogEntry {
  readonly publication: Placed
  readonly json: string | undefined
}

export interface MemoryLogOptions {
  readonly room: string
  readonly epoch: string
  readonly limits: LogLimits
  /** Client ids that were first sent until then may have been forgotten with an earlier log. In ms since 1970. */
  readonly forgottenUntil: number
  readonly expired: (log: MemoryLog) => number | undefined
}

/** One room's log in memory, with what it remembers of client ids. */
export class MemoryLog implements Due {
  readonly room: string
  readonly epoch: string
  subscribed = false
  readonly #log: Log<Kept>
  readonly #dedupe: Dedupe
  readonly #expired: (log: MemoryLog) => number | undefined

  constructor({ room, epoch, limits, forgottenUntil, expired }: MemoryLogOptions) {
    this.room = room
    this.epoch = epoch
    this.#log = new Log(limits)
    this.#dedupe = new Dedupe(DEDUPE_LIMITS, forgottenUntil)
    this.#expired = expired
  }

  get head(): StreamPosition {
    return { epoch: this.epoch, ...this.#log.head }
  }

  /** Bytes that it takes in memory, roughly. */
  get bytes(): number {
    return this.#log.bytes + this.#log.size * ENTRY_COST + this.#dedupe.ids * ID_COST
  }

  /** When something will have expired; undefined: there is nothing that could. */
  get expires(): number | undefined {
    const times = [this.#log.expires, this.#dedupe.expires].filter((time) => time !== undefined)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** Nobody would notice if it were gone. */
  get isIdle(): boolean {
    return !this.subscribed && this.expires === undefined
  }

  due(): number | undefined {
    return this.#expired(this)
  }

  expire(now: number): void {
    this.#log.expire(now)
    this.#dedupe.expire(now)
  }

  /** Evicts all but the newest `size`. */
  shrink(size: number): void {
    this.#log.shrink(size)
  }

  /** Forgets every client id; a resend of one is `outcome_unknown`. */
  forgetIds(now: number): void {
    this.#dedupe.forget(now)
  }

  append(publication: Publication, key: ClientKey | undefined, now: number): Placed {
    const offset = this.#log.head.offset + 1
    const kept = placed(publication, offset)
    const { id, body } = kept
    const json = body.kind === 'chat' ? undefined : JSON.stringify(body.data)
    const stored = body.kind === 'chat' ? kept : { ...kept, body: { ...body, data: null } }
    this.#log.append({ offset, id, time: now, bytes: lengthOf(body, json), publication: stored, json })
    if (key) {
      const { publisher, clientId, fingerprint } = key
      this.#dedupe.remember(publisher, clientId, fingerprint, { epoch: this.epoch, offset, id }, now)
    }
    return kept
  }

  /** The position of an earlier publish with the same client id; undefined: there was none. */
  recall({ publisher, clientId, fingerprint, age }: ClientKey, now: number): StreamPosition | undefined {
    return recalled(this.#dedupe.ask(publisher, clientId, fingerprint, now, age))
  }

  positionAt(offset: number): StreamPosition {
    return { epoch: this.epoch, ...(this.#log.markAt(offset) ?? { offset }) }
  }

  read(start: HistoryStart, limit: number, now: number): HistoryPage {
    this.#log.expire(now)
    const known = this.#log.markAt(start.offset)
    const isOurs = start.epoch === this.epoch && (start.id === undefined || start.id === known?.id)
    const intact = isOurs && known !== undefined
    const from = intact ? known : this.#log.floor
    const publications = this.#log.after(from.offset, limit).map(publicationOf)
    return { publications, start: { epoch: this.epoch, ...from }, head: this.head, intact }
  }
}

/** By what a draft is known where it is sent again; undefined: it is not. */
export const keyOf = ({ from, clientId, body, age }: Draft): ClientKey | undefined =>
  clientId === undefined ? undefined : clientKey(from.id, clientId, JSON.stringify(body), age)

/** Characters of a body as JSON, or about as many: about as many bytes. A chat's are counted, not written out: it is nearly every one. */
const lengthOf = (body: Body, json = ''): number =>
  body.kind === 'chat' ? body.content.length + CHAT_LENGTH : body.name.length + json.length + CHAT_LENGTH

function publicationOf({ publication, json }: Kept): Placed {
  const { body } = publication
  return json === undefined || body.kind === 'chat'
    ? publication
    : { ...publication, body: { ...body, data: JSON.parse(json) } }
}
