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
import { GroupCommit } from './group-commit.ts'
import { type Appended, SqlLog } from './sql-log.ts'
import { writeMeta } from './sql-schema.ts'
import type { SqlStore } from './sql-store.ts'

/** ms: expired logs are deleted that much late, and so together. */
const COARSE = 1000
/** ms until deleting is tried again where it failed. */
const RETRY = 10_000

/** A store that this adapter has for itself. */
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
 * Logs in a SQL store that one process owns. What one turn of the event loop publishes is committed together at its end, and only then
 * acknowledged and delivered; where the commit fails nothing of it is. Reading answers at once, unless it has to see what was published in
 * this turn.
 */
export class SqlAdapter implements BroadcastAdapter {
  readonly #deps: SqlAdapterDeps
  readonly #log: SqlLog
  readonly #group: GroupCommit
  readonly #alarm: Alarm
  /** The subscribed rooms, with the epoch of each. */
  readonly #held = new Map<string, string>()
  #announcement: Announcement | undefined
  #events: AdapterEvents | undefined
  #isFailing = false
  #isClosed = false

  /** Fails where the store can't be used: see `SqlLog`. */
  constructor(deps: SqlAdapterDeps) {
    this.#deps = deps
    const { store, loop, clock } = deps
    this.#log = new SqlLog(deps)
    store.transaction(() => this.#log.reopen(clock.now()))
    this.#group = new GroupCommit({
      store,
      loop,
      committed: () => this.#works(),
      failed: (reason) => this.#fails(reason),
    })
    this.#alarm = new Alarm(clock, loop, COARSE, () => this.#expire())
    this.#wake()
  }

  start(events: AdapterEvents): void {
    this.#events = events
  }

  subscribe(room: string): Eventually<StreamPosition> {
    return this.#inOrder(
      () => this.#log.head(room, this.#held.get(room)),
      ({ epoch }) => this.#held.set(room, epoch),
    )
  }

  unsubscribe(room: string): Eventually<void> {
    return this.#inOrder(
      () => {},
      () => {
        if (!this.#held.delete(room) || this.#isClosed || !this.#log.isIdle(room)) return
        // Nobody waits for this one, and where it fails the next start looks at the room.
        const release = (): void => this.#log.release(room, this.#deps.clock.now())
        this.#group.add(release, () => this.#wake()).catch(() => {})
      },
    )
  }

  publish(room: string, draft: Draft): Eventually<Published> {
    const entry = this.#log.prepare(draft, this.#deps.clock.now())
    if (draft.transient) {
      const announce = (): void => this.#announce(room, entry.publication)
      return this.#inOrder((): Published => ({ duplicate: false }), announce)
    }
    let appended: Appended | undefined
    return this.#write(
      (): Published => {
        appended = this.#log.append(room, entry, this.#held.get(room))
        return { position: appended.position, duplicate: appended.publication === undefined }
      },
      () => {
        if (appended?.publication) this.#announce(room, appended.publication)
      },
    )
  }
}
