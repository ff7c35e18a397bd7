import type { BroadcastAdapter, LogLimits } from '../core/broadcast-adapter.ts'
import type { Clock, EventLoop } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'

/** What Parlor gives an adapter that it makes: time, chance, where logs go, and how much of each room's log is kept. */
export interface AdapterDeps {
  readonly clock: Clock
  readonly loop: EventLoop
  readonly random: Random
  readonly log: Logger
  readonly limitsOf: (room: string) => LogLimits
}

/** Makes an adapter for one Parlor. Throws, in words for who runs it, where it can't be made. */
export type MakeAdapter = (deps: AdapterDeps) => BroadcastAdapter
