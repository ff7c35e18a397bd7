import type {
  AdapterEvents,
  BroadcastAdapter,
  Draft,
  HistoryPage,
  HistoryStart,
  LogLimits,
  Publication,
  Published,
} from '../core/broadcast-adapter.ts'
import type { Clock, EventLoop } from '../core/clock.ts'
import { Deadlines } from '../core/deadlines.ts'
import type { ClientKey } from '../core/dedupe.ts'
import type { StreamPosition } from '../core/protocol.ts'
import { type Random, sequentialIds } from '../core/random.ts'
import { DEFAULT_TOTAL_BYTES } from '../core/settings.ts'
import { keyOf, MemoryLog } from './memory-log.ts'
import type { Placed } from './placed.ts'

/** How early a log may expire, in ms. */
const TICK = 250

/** To what share of the budget memory is freed where it was exceeded: not by every publish anew. */
const FREE_TO = 0.9

export interface MemoryAdapterDeps {
  readonly clock: Clock
  readonly loop: EventLoop
  readonly random: Random
  readonly limitsOf: (room: string) => LogLimits
  /** Bytes that all logs together may take, roughly. 256 MiB by default. */
  readonly totalBytes?: number
}

/**
 * Logs in this process's memory: nothing survives it, and a room's log is forgotten (its epoch ends) once it has expired and
 * nobody is subscribed, or where all logs together exceed their budget. One hub can use it; every answer is given at once.
 */
export class MemoryAdapter implements BroadcastAdapter {
  readonly #deps: MemoryAdapterDeps
  readonly #totalBytes: number
  /** The least recently published first. */
  readonly #logs = new Map<string, MemoryLog>()
  readonly #nextId: () => string
  readonly #deadlines: Deadlines
  #bytes = 0
  /** Client ids until then may have gone before their time, and the log that they were of. */
  #forgottenUntil = 0
  #events: AdapterEvents | undefined

  constructor(deps: MemoryAdapterDeps) {
    this.#deps = deps
    this.#totalBytes = deps.totalBytes ?? DEFAULT_TOTAL_BYTES
    this.#nextId = sequentialIds(deps.random)
    this.#deadlines = new Deadlines(deps.clock, deps.loop, TICK)
  }

  /** Rooms whose log is held. */
  get size(): number {
    return this.#logs.size
  }

  /** Bytes that all logs take, roughly. */
  get bytes(): number {
    return this.#bytes
  }

  start(events: AdapterEvents): void {
    this.#events = events
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
    const publication = this.#publicationOf(draft, this.#deps.clock.wall())
    const key = draft.transient ? undefined : keyOf(draft)
    const log = this.#open(room)
    let kept: Placed | undefined
    try {
      const position = key && log.recall(key, now)
      if (position) return { position, duplicate: true }
      if (!draft.transient) kept = this.#append(log, publication, key, now)
    } finally {
      this.#settle(log)
    }
    if (log.subscribed) this.#events?.deliver(room, log.epoch, [kept ?? publication])
    return kept ? { position: log.positionAt(kept.offset), duplicate: false } : { duplicate: false }
  }

  history(room: string, start: HistoryStart, limit: number): HistoryPage {
    const log = this.#open(room)
    const page = this.#counting(log, () => log.read(start, limit, this.#deps.clock.now()))
    this.#settle(log)
    return page
  }

  probe(): void {}

  close(): void {
    this.#logs.clear()
    this.#bytes = 0
    this.#deadlines.stop()
    this.#events = undefined
  }

  #open(room: string): MemoryLog {
    const known = this.#logs.get(room)
    if (known) return known
    const log = new MemoryLog({
      room,
      epoch: this.#deps.random.id(10),
      limits: this.#deps.limitsOf(room),
      forgottenUntil: this.#forgottenUntil,
      expired: (due) => this.#expire(due),
    })
    this.#logs.set(room, log)
    return log
  }

  #publicationOf(draft: Draft, time: number): Publication {
    const { from, body, clientId } = draft
    const id = this.#nextId()
    return clientId === undefined ? { id, from, time, body } : { id, from, time, body, clientId }
  }

  #append(log: MemoryLog, publication: Publication, key: ClientKey | undefined, now: number): Placed {
    this.#logs.delete(log.room)
    this.#logs.set(log.room, log)
    const kept = this.#counting(log, () => log.append(publication, key, now))
    if (this.#bytes > this.#totalBytes) this.#free(this.#totalBytes * FREE_TO, log, now)
    return kept
  }

  #expire(log: MemoryLog): number | undefined {
    // By the clock, not by the horizon: what is still within its time is never forgotten early.
    this.#counting(log, () => log.expire(this.#deps.clock.now()))
    if (log.isIdle) this.#logs.delete(log.room)
    return log.expires
  }

  /** Lets go of a log that is of no use, or sees to it that it will be. */
  #settle(log: MemoryLog): void {
    if (this.#deadlines.has(log)) return
    const { expires } = log
    if (expires !== undefined) this.#deadlines.set(log, expires)
    else if (log.isIdle) this.#logs.delete(log.room)
  }

  /** Does something to a log, and keeps count of what all take. */
  #counting<T>(log: MemoryLog, change: () => T): T {
    const before = log.bytes
    const result = change()
    this.#bytes += log.bytes - before
    return result
  }

  /**
   * Frees memory down to `target`, the least recently published first: the logs that nobody is subscribed to, then the publications of
   * the others, then the client ids. The newest publication of `current`, which is about to be acknowledged, stays.
   */
  #free(target: number, current: MemoryLog, now: number): void {
    const each = (free: (log: MemoryLog) => void): void => {
      for (const log of this.#logs.values()) {
        if (this.#bytes <= target) return
        free(log)
      }
    }
    each((log) => {
      if (!log.subscribed && log !== current) this.#drop(log, now)
    })
    each((log) => this.#counting(log, () => log.shrink(log === current ? 1 : 0)))
    each((log) => {
      this.#counting(log, () => log.forgetIds(now))
      // The log that knows it may go before the ids would have.
      this.#forgottenUntil = now
    })
  }

  #drop(log: MemoryLog, now: number): void {
    this.#logs.delete(log.room)
    this.#deadlines.delete(log)
    this.#bytes -= log.bytes
    this.#forgottenUntil = now
  }
}
