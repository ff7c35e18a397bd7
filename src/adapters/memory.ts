import type {
  BroadcastAdapter,
  Deliver,
  Draft,
  HistoryPage,
  HistoryStart,
  LogLimits,
  Publication,
  Published,
} from '../core/broadcast-adapter.ts'
import type { Clock, EventLoop } from '../core/clock.ts'
import { Deadlines, type Due } from '../core/deadlines.ts'
import { Dedupe, fingerprint } from '../core/dedupe.ts'
import { RequestError } from '../core/errors.ts'
import { Log, type LogEntry } from '../core/log.ts'
import type { StreamPosition } from '../core/protocol.ts'
import { type Random, sequentialIds } from '../core/random.ts'

/** How early a log may expire, in ms. */
const TICK = 250

export interface MemoryAdapterDeps {
  readonly clock: Clock
  readonly loop: EventLoop
  readonly random: Random
  readonly limitsOf: (room: string) => LogLimits
}

interface Kept extends LogEntry {
  readonly publication: Publication
}

/**
 * Logs in this process's memory: nothing survives it, and a room's log is forgotten (its epoch ends) once it has expired and
 * nobody is subscribed. One hub can use it; every answer is given at once.
 */
export class MemoryAdapter implements BroadcastAdapter {
  readonly #deps: MemoryAdapterDeps
  readonly #logs = new Map<string, RoomLog>()
  readonly #nextId: () => string
  readonly #deadlines: Deadlines
  #deliver: Deliver = () => {}

  constructor(deps: MemoryAdapterDeps) {
    this.#deps = deps
    this.#nextId = sequentialIds(deps.random)
    this.#deadlines = new Deadlines(deps.clock, deps.loop, TICK)
  }

  /** Rooms whose log is held. */
  get size(): number {
    return this.#logs.size
  }

  start(deliver: Deliver): void {
    this.#deliver = deliver
  }

  subscribe(room: string): StreamPosition {
    const log = this.#open(room)
    log.subscribed = true
    return log.head
  }

  unsubscribe(room: string): void {
    const log = this.#logs.get(room)
    if (!log) return
    log.subscribed = false
    this.#settle(log)
  }

  publish(room: string, draft: Draft): Published {
    const now = this.#deps.clock.now()
    const log = this.#open(room)
    const publication = this.#publicationOf(draft, now)
    const duplicate = draft.transient ? undefined : log.recall(draft, now)
    const kept = draft.transient || duplicate ? undefined : log.append(publication, now)
    this.#settle(log)
    if (duplicate) return { position: duplicate, duplicate: true }
    if (log.subscribed) this.#deliver(room, log.epoch, [kept ?? publication])
    return kept ? { position: log.positionAt(kept.offset), duplicate: false } : { duplicate: false }
  }

  history(room: string, start: HistoryStart, limit: number): HistoryPage {
    const log = this.#open(room)
    const page = log.read(start, limit, this.#deps.clock.now())
    this.#settle(log)
    return page
  }

  probe(): void {}

  close(): void {
    this.#logs.clear()
    this.#deadlines.stop()
    this.#deliver = () => {}
  }

  #open(room: string): RoomLog {
    const known = this.#logs.get(room)
    if (known) return known
    const log = new RoomLog(room, this.#deps.random.id(10), this.#deps.limitsOf(room), (due) => this.#expire(due))
    this.#logs.set(room, log)
    return log
  }

  #publicationOf(draft: Draft, time: number): Publication {
    const { from, body, clientId } = draft
    return { id: this.#nextId(), from, time, body, ...(clientId === undefined ? {} : { clientId }) }
  }

  #expire(log: RoomLog): number | undefined {
    // By the clock, not by the horizon: what is still within its time is never forgotten early.
    log.expire(this.#deps.clock.now())
    if (log.isIdle) this.#logs.delete(log.room)
    return log.expires
  }

  /** Lets go of a log that is of no use, or sees to it that it will be. */
  #settle(log: RoomLog): void {
    if (this.#deadlines.has(log)) return
    const { expires } = log
    if (expires !== undefined) this.#deadlines.set(log, expires)
    else if (log.isIdle) this.#logs.delete(log.room)
  }
}

/** One room's log with what it remembers of client ids. */
class RoomLog implements Due {
  readonly room: string
  readonly epoch: string
  subscribed = false
  readonly #log: Log<Kept>
  readonly #dedupe = new Dedupe()
  readonly #expired: (log: RoomLog) => number | undefined

  constructor(room: string, epoch: string, limits: LogLimits, expired: (log: RoomLog) => number | undefined) {
    this.room = room
    this.epoch = epoch
    this.#log = new Log(limits)
    this.#expired = expired
  }

  get head(): StreamPosition {
    return { epoch: this.epoch, ...this.#log.head }
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

  append(publication: Publication, now: number): Publication & { readonly offset: number } {
    const offset = this.#log.head.offset + 1
    const kept = { ...publication, offset }
    const { id, from, clientId, body } = publication
    const text = JSON.stringify(body)
    this.#log.append({ offset, id, time: now, bytes: text.length, publication: kept })
    if (clientId !== undefined)
      this.#dedupe.remember(from.id, clientId, fingerprint(text), { epoch: this.epoch, offset, id }, now)
    return kept
  }

  /** The position of an earlier publish with the same client id; undefined: there was none. */
  recall({ from, clientId, body, age }: Draft, now: number): StreamPosition | undefined {
    if (clientId === undefined) return undefined
    const answer = this.#dedupe.ask(from.id, clientId, fingerprint(JSON.stringify(body)), now, age)
    switch (answer.kind) {
      case 'fresh':
        return undefined
      case 'duplicate':
        return answer.position
      case 'reused':
        throw new RequestError('id_reused', 'This id was used for another content', 'id')
      case 'unknown':
        throw new RequestError(
          'outcome_unknown',
          'Too long ago to say whether this was published: read the history',
          'age',
        )
    }
  }

  positionAt(offset: number): StreamPosition {
    return { epoch: this.epoch, ...(this.#log.markAt(offset) ?? { offset }) }
  }

  read(start: HistoryStart, limit: number, now: number): HistoryPage {
    this.#log.expire(now)
    const known = this.#log.markAt(start.offset)
    const intact =
      start.epoch === this.epoch && known !== undefined && (start.id === undefined || start.id === known.id)
    const from = start.epoch === this.epoch && known ? known : this.#log.floor
    const publications = this.#log.after(from.offset, limit).map((kept) => kept.publication)
    return { publications, start: { epoch: this.epoch, ...from }, head: this.head, intact }
  }
}
