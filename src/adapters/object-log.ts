import type { Draft, HistoryPage, HistoryStart, LogLimits, Publication, Published } from '../core/broadcast-adapter.ts'
import type { Clock } from '../core/clock.ts'
import { RequestError } from '../core/errors.ts'
import type { StreamPosition } from '../core/protocol.ts'
import type { Random } from '../core/random.ts'
import { exceedsBytes } from '../core/text.ts'
import { ObjectVacancy } from './object-vacancy.ts'
import { SqlLog } from './sql-log.ts'
import type { SqlStore } from './sql-store.ts'

/** Bytes of a publication's record: the platform's rows take 2 MB. */
const MOST = 1_990_000

export interface ObjectLogDeps {
  readonly room: string
  readonly store: SqlStore
  readonly clock: Clock
  readonly random: Random
  readonly limitsOf: (room: string) => LogLimits
  /** Called within `publish`, with what is new. */
  readonly announce: (epoch: string, publication: Publication) => void
  /** There is something to look at by then: `expire` is to be called. */
  readonly lookAt: (time: number) => void
  /** Whether somebody is in the room, here or elsewhere. */
  readonly isHeld: () => boolean
}

/** The log of an object's own room. Whatever is asked is done when the call returns: offset, insert and fan-out are one block. */
export class ObjectLog {
  readonly #deps: ObjectLogDeps
  readonly #log: SqlLog
  readonly #vacancy: ObjectVacancy
  /** The epoch that was told to somebody, while the log is empty and has no row of its own. */
  #told: string | undefined

  constructor(deps: ObjectLogDeps) {
    this.#deps = deps
    this.#log = new SqlLog(deps)
    this.#vacancy = new ObjectVacancy(deps.store)
  }

  /** Somebody is in the room from now on. */
  hold(): StreamPosition {
    this.#vacancy.end()
    return this.head()
  }

  head(): StreamPosition {
    const head = this.#log.head(this.#deps.room, this.#held())
    this.#told = head.epoch
    return head
  }

  publish(draft: Draft): Published {
    const { store, clock, room } = this.#deps
    const entry = this.#log.prepare(draft, clock.wall())
    if (draft.transient) {
      this.#deps.announce(this.head().epoch, entry.publication)
      return { duplicate: false }
    }
    if (exceedsBytes(entry.record, MOST)) {
      throw new RequestError(
        'message_too_large',
        `A room keeps at most ${MOST} bytes of a message, as it is written out`,
      )
    }
    const { position, publication } = store.transaction(() => this.#log.append(room, entry, this.#held()))
    this.#lookAgain()
    if (publication) this.#deps.announce(position.epoch, publication)
    return { position, duplicate: publication === undefined }
  }

  history(start: HistoryStart, limit: number): HistoryPage {
    return this.#log.read(this.#deps.room, start, limit, this.#deps.clock.wall(), this.#held())
  }

  /** The newest publication, where `expire` has not deleted it: whoever was not told of it is to hear it, though it has expired meanwhile. */
  newest(): { readonly epoch: string; readonly publication: Publication } | undefined {
    return this.#log.newest(this.#deps.room)
  }

  /** There is no log, nor what is left of one, nor has anybody left it so soon that they may come back to it. */
  get isForgotten(): boolean {
    return this.#log.isEmpty && (this.#vacancy.until ?? 0) <= this.#deps.clock.wall()
  }

  /** Nobody is in the room any more, and that is stored. It is to be looked at once more, even where it was never published to. */
  release(): void {
    const { store, room, clock } = this.#deps
    this.#told = undefined
    store.transaction(() => {
      this.#log.release(room, clock.wall())
      this.#vacancy.begin(clock.wall())
    })
    this.#lookAgain()
  }

  /**
   * The object has lost its memory, and its sockets too: they have some time to come back to their log. Once: it may wake without a memory
   * for many reasons, its alarm is one, and where nobody has come since then there is nobody to wait for.
   */
  reopen(): void {
    const { store, clock } = this.#deps
    if (this.#log.isEmpty || this.#vacancy.until !== undefined) return
    store.transaction(() => {
      this.#log.reopen(clock.wall())
      this.#vacancy.begin(clock.wall())
    })
    this.#lookAgain()
  }

  /** Deletes what has expired. To be called when it was asked for; once more does no harm. `spare`: the newest publication not before then. */
  expire(spare?: number): void {
    const { store, clock, isHeld } = this.#deps
    store.transaction(() => {
      // Whoever was in it was lost with the memory: they may come back as well.
      if (this.#log.isEmpty && !isHeld() && this.#vacancy.until === undefined) this.#vacancy.begin(clock.wall())
      this.#log.expire(clock.wall(), isHeld, spare)
    })
    this.#lookAgain()
  }

  #held(): string | undefined {
    return this.#deps.isHeld() ? this.#told : undefined
  }

  #lookAgain(): void {
    const { clock, lookAt } = this.#deps
    const next = this.#log.nextLook
    if (next !== undefined) return lookAt(next)
    const until = this.#vacancy.until
    if (until !== undefined && until > clock.wall()) lookAt(until)
  }
}
