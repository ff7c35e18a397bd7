/** Parlor without a platform: bring a Runtime. The entries `parlor/node`, `parlor/deno` and `parlor/bun` bring their own. */
export { MemoryAdapter, type MemoryAdapterDeps } from '../adapters/memory.ts'
export type { Clock, EventLoop } from '../core/clock.ts'
export type { Random } from '../core/random.ts'
export type { Transport } from '../core/transport.ts'
export type { Runtime, SocketListener, TransportWish } from '../http/runtime.ts'
export * from './exports.ts'
export { createParlor } from './parlor.ts'
