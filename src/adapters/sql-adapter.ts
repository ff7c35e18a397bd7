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
import { RequestError } from '../core/errors.ts'
import type { Eventually } from '../core/eventually.ts'
import type { Logger } from '../core/logger.ts'
import type { StreamPosition } from '../core/protocol.ts'
import type { Random } from '../core/random.ts'
import { Alarm } from './alarm.ts'
import { Announcer } from './announcer.ts'
import { GroupCommit } from './group-commit.ts'
import { SqlLog } from './sql-log.ts'
import { writeMeta } from './sql-schema.ts'
import type { SqlStore } from './sql-store.ts'

/** ms: what expired is deleted that much late, and so together. */
const COARSE = 1000
/** ms until deleting is tried again where it failed. */
const RETRY = 10_000

/** A store that an adapter has for itself. */
export interface OwnStore extends SqlStore {
  close(): void
}

export interface SqlAdapterDeps {
  readonly store: OwnStore
  readonly clock: Clock
  readonly loop: EventLoop
  readonly random: Random
  readonly limitsOf: (room: string) => LogLimits
  readonly log: Logger
}

/**
 * Logs in a SQL store that one process owns. What one turn of the event loop publishes is committed together at its end, and acknowledged
 * and delivered only then; where the commit fails, none of it is. Reading answers at once, unless there is something to be committed
 * before it. In memory there is only who is subscribed.
 */
export class SqlAdapter implements BroadcastAdapter {
  readonly #deps: SqlAdapterDeps
  readonly #log: SqlLog
  readonly #group: GroupCommit
  readonly #alarm: Alarm
  readonly #announcer = new Announcer((...announced) => this.#events?.deliver(...announced))
  /** The subscribed rooms, each with the epoch of its log. */
  readonly #held = new Map<string, string>()
  #events: AdapterEvents | undefined
  #isFailing = false
  #isClosed = false

  /** Fails where the store can't be used. */
  constructor(deps: SqlAdapterDeps) {
    this.#deps = deps
    const { store, loop, clock } = deps
    this.#log = new SqlLog(deps)
    store.transaction(() => this.#log.reopen(clock.wall()))
    const failed = (reason: unknown): Error => this.#failed(reason)
    this.#group = new GroupCommit({ store, loop, committed: () => this.#committed(), failed })
    // What the store says of times is read by other processes: all goes by the wall clock.
    this.#alarm = new Alarm(clock, loop, COARSE, () => this.#expire())
    this.#setAlarm()
  }

  start(events: AdapterEvents): void {
    this.#events = events
  }

  subscribe(room: string): Eventually<StreamPosition> {
    const hold = ({ epoch }: StreamPosition): void => void this.#held.set(room, epoch)
    return this.#inOrder(() => this.#log.head(room, this.#held.get(room)), hold)
  }

  unsubscribe(room: string): Eventually<void> {
    if (this.#isClosed) return
    return this.#inOrder(
      () => {},
      () => {
        if (this.#held.delete(room)) this.#release(room)
      },
    )
  }

  publish(room: string, draft: Draft): Eventually<Published> {
    const entry = this.#log.prepare(draft, this.#deps.clock.wall())
    if (draft.transient)
      return this.#inOrder(
        () => ({ duplicate: false }),
        () => this.#announce(room, entry.publication),
      )
    let appended: Publication | undefined
    const append = (): Published => {
      const { position, publication } = this.#log.append(room, entry, this.#held.get(room))
      appended = publication
      return { position, duplicate: publication === undefined }
    }
    return this.#write(append, () => appended && this.#announce(room, appended))
  }

  history(room: string, start: HistoryStart, limit: number): Eventually<HistoryPage> {
    const now = this.#deps.clock.wall()
    return this.#inOrder(
      () => this.#log.read(room, start, limit, now, this.#held.get(room)),
      () => {},
    )
  }

  /** Commits something: that is what has to work. */
  probe(): Eventually<void> {
    return this.#write(
      () => writeMeta(this.#deps.store, 'probe', `${this.#deps.clock.wall()}`),
      () => {},
    )
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#group.commit()
    this.#alarm.stop()
    this.#held.clear()
    this.#events = undefined
    this.#deps.store.close()
  }

  #announce(room: string, publication: Publication): void {
    const epoch = this.#held.get(room)
    if (epoch !== undefined) this.#announcer.add(room, epoch, publication)
  }

  #write<T>(work: () => T, effect: (result: T) => void): Promise<T> {
    return this.#isClosed ? Promise.reject(closed()) : this.#group.add(work, effect)
  }

  /** After what is to be committed before it, if there is such; else at once. */
  #inOrder<T>(work: () => T, effect: (result: T) => void): Eventually<T> {
    if (this.#isClosed) throw closed()
    if (!this.#group.isEmpty) return this.#group.add(work, effect)
    let result: T
    try {
      result = work()
    } catch (reason) {
      throw this.#failed(reason)
    }
    effect(result)
    this.#announcer.flush()
    return result
  }

  #release(room: string): void {
    if (this.#isClosed) return
    // Nobody waits for this one. Where it fails, the next start looks after the room.
    const release = (): void => {
      if (!this.#held.has(room)) this.#log.release(room, this.#deps.clock.wall())
    }
    this.#group.add(release, () => {}).catch(() => {})
  }

  #committed(): void {
    this.#announcer.flush()
    try {
      this.#setAlarm()
    } catch (reason) {
      this.#failed(reason)
      return this.#alarm.atLatest(this.#deps.clock.wall() + RETRY)
    }
    if (this.#isFailing) this.#deps.log.info('the log can be written again')
    this.#isFailing = false
  }

  /** Said once, not for every publish of a disk that is full. */
  #failed(reason: unknown): Error {
    if (!this.#isFailing) this.#deps.log.error('the log can not be used; publishes are refused', { reason })
    this.#isFailing = true
    return new RequestError('unavailable', "The room's log can not be used now; try again")
  }

  #setAlarm(): void {
    const next = this.#log.nextLook
    if (next !== undefined && !this.#isClosed) this.#alarm.atLatest(next)
  }

  #expire(): void {
    const now = this.#deps.clock.wall()
    try {
      this.#deps.store.transaction(() => this.#log.expire(now, (room) => this.#held.has(room)))
      this.#setAlarm()
    } catch (reason) {
      this.#failed(reason)
      this.#alarm.atLatest(now + RETRY)
    }
  }
}

const closed = (): RequestError => new RequestError('unavailable', 'The server is stopping; try again')
