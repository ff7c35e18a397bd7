import type { LogLimits } from '../core/broadcast-adapter.ts'
import type { Config } from '../core/config.ts'
import type { MakeAdapter } from './adapter.ts'
import { memoryAdapter } from './memory.ts'

/** How much of a room's log the service keeps. */
export const historyOf = (config: Config): LogLimits => ({
  size: config.PARLOR_HISTORY_SIZE,
  ttl: config.PARLOR_HISTORY_TTL,
  bytes: config.PARLOR_HISTORY_BYTES,
})

/** Where the service keeps its rooms' logs. */
export function storeOf(config: Config, sqlite: (file: string) => MakeAdapter): MakeAdapter {
  const { PARLOR_STORE: store, PARLOR_HISTORY_TOTAL: totalBytes } = config
  return store.kind === 'sqlite' ? sqlite(store.file) : memoryAdapter({ totalBytes })
}
