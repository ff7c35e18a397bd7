import { MemoryAdapter } from '../adapters/memory.ts'
import type { BroadcastAdapter, LogLimits } from '../core/broadcast-adapter.ts'
import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import { systemClock, systemRandom } from '../http/platform.ts'
import { eventLoop } from './loop.ts'
import type { SqliteOptions } from './sqlite.ts'

/** A runtime's adapter over a SQLite file. */
export type OpenSqlite = (file: string, options: SqliteOptions) => BroadcastAdapter

/** How much of a room's log the service keeps. */
export const historyOf = (config: Config): LogLimits => ({
  size: config.PARLOR_HISTORY_SIZE,
  ttl: config.PARLOR_HISTORY_TTL,
  bytes: config.PARLOR_HISTORY_BYTES,
})

/** Where the service keeps its rooms' logs. Throws, in words for who runs it, where that can't be. */
export function openStore(config: Config, openSqlite: OpenSqlite, log: Logger): BroadcastAdapter {
  const { PARLOR_STORE: store, PARLOR_HISTORY_TOTAL: totalBytes } = config
  const history = historyOf(config)
  if (store.kind === 'sqlite') return openSqlite(store.file, { history, log })
  const limitsOf = (): LogLimits => history
  return new MemoryAdapter({ clock: systemClock, loop: eventLoop, random: systemRandom, limitsOf, totalBytes })
}
