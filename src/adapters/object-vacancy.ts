import { GRACE } from './sql-log.ts'
import { deleteMeta, readMeta, writeMeta } from './sql-schema.ts'
import type { SqlStore } from './sql-store.ts'

const SINCE = 'vacant'

/**
 * Since when nobody is in a room. An empty log has no row that could say that, and the object's alarm may strike for something else, in a
 * memory that knows nothing of those who left.
 */
export class ObjectVacancy {
  readonly #store: SqlStore

  constructor(store: SqlStore) {
    this.#store = store
  }

  begin(now: number): void {
    writeMeta(this.#store, SINCE, `${now}`)
  }

  /** Writes nothing where there was none. */
  end(): void {
    deleteMeta(this.#store, SINCE)
  }

  /** Up to when somebody may come back to the room, in ms since 1970; undefined: it is not known to be vacant. */
  get until(): number | undefined {
    const since = readMeta(this.#store, SINCE)
    return since === undefined ? undefined : Number(since) + GRACE
  }
}
