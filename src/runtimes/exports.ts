/** What every entry of the package offers beside its `createParlor`. */
export type {
  Body,
  BroadcastAdapter,
  Deliver,
  Draft,
  HistoryPage,
  HistoryStart,
  LogLimits,
  Publication,
  Published,
} from '../core/broadcast-adapter.ts'
export { RequestError } from '../core/errors.ts'
export type { Hooks, Identity } from '../core/hooks.ts'
export type { Logger } from '../core/logger.ts'
export type { ErrorCode, Json, StreamPosition, User } from '../core/protocol.ts'
export type { Heartbeat, Limits, RoomPatterns, RoomSettings } from '../core/settings.ts'
export type { AuthOptions } from '../http/auth.ts'
export type { AdapterDeps, MakeAdapter } from './adapter.ts'
export { type MemoryOptions, memoryAdapter } from './memory.ts'
export type { Message } from './message.ts'
export type { ParlorOptions } from './options.ts'
export type { Parlor } from './parlor.ts'
