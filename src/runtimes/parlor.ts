import type { Hono } from 'hono'
import { MemoryAdapter } from '../adapters/memory.ts'
import type { Body, BroadcastAdapter, LogLimits, Published } from '../core/broadcast-adapter.ts'
import type { Hooks } from '../core/hooks.ts'
import { Hub } from '../core/hub.ts'
import type { Logger } from '../core/logger.ts'
import type { User } from '../core/protocol.ts'
import {
  DEFAULT_LOG_LIMITS,
  DEFAULT_SETTINGS,
  type Heartbeat,
  type Limits,
  logLimitsBy,
  type RoomPatterns,
} from '../core/settings.ts'
import { createApp } from '../http/app.ts'
import type { AuthOptions } from '../http/auth.ts'
import { systemClock, systemRandom } from '../http/platform.ts'
import type { Runtime } from '../http/runtime.ts'

export interface ParlorOptions {
  /** Who may connect. There is no default: to let everybody in is a decision too. */
  readonly auth: AuthOptions
  /** Origins beside the page's own from which browsers may connect, e.g. `https://example.org`; `*`: any. None by default. */
  readonly allowedOrigins?: readonly string[]
  /** How much of a room's log is kept: 100 publications, 5 minutes, 4 MiB by default. */
  readonly history?: Partial<LogLimits>
  /** Settings for rooms by pattern, over `history`: `{ 'team:*': { history: { size: 1000 } } }`. */
  readonly rooms?: RoomPatterns
  readonly limits?: Partial<Limits>
  readonly heartbeat?: Partial<Heartbeat>
  /** ms over which clients spread their reconnecting after a drain. 5000 by default. */
  readonly drainWindow?: number
  readonly hooks?: Hooks
  /** The engine behind rooms. By default the logs are in this process's memory. */
  readonly adapter?: BroadcastAdapter
  /** Serve the chat page at `/`. Off by default. */
  readonly page?: boolean
  /** Serve `POST /token`, where guest tokens are exchanged for named ones. Needs a `secret`. Off by default. */
  readonly guestTokens?: boolean
  /** Where logs go. Nowhere by default. */
  readonly log?: Logger
}

/** A message from the application itself. */
export type Message = Body & {
  /** Whom it is from: `{ id: 'server', name: 'server' }` by default. */
  readonly from?: User
  /** The key of the dedupe, as a client's `id`. */
  readonly id?: string
  readonly transient?: boolean
}

export interface Parlor {
  /** The routes of SPEC.md, to be mounted under any path: `app.route('/live', parlor.routes)`. */
  readonly routes: Hono
  /** Sends a message into a room from the server. Rejects with a RequestError where the log can't take it. */
  publish(room: string, message: Message): Promise<Published>
  /** Connections and rooms at this moment. */
  stats(): { readonly connections: number; readonly rooms: number }
  /** Tells every client when to connect again, and answers when that has been sent, or after `patience` ms (2000 by default). */
  drain(patience?: number): Promise<void>
  /** Closes every connection and the adapter. */
  close(): Promise<void>
}

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const SERVER: User = { id: 'server', name: 'server' }

/** Live rooms on `runtime`, as routes for a Hono app. */
export function createParlor(runtime: Runtime, options: ParlorOptions): Parlor {
  const log = options.log ?? SILENT
  const limitsOf = logLimitsBy(options.rooms ?? {}, { ...DEFAULT_LOG_LIMITS, ...options.history })
  const { loop } = runtime
  const adapter = options.adapter ?? new MemoryAdapter({ clock: systemClock, loop, random: systemRandom, limitsOf })
  const settings = {
    limits: { ...DEFAULT_SETTINGS.limits, ...options.limits },
    heartbeat: { ...DEFAULT_SETTINGS.heartbeat, ...options.heartbeat },
    drainWindow: options.drainWindow ?? DEFAULT_SETTINGS.drainWindow,
  }
  const hooks = options.hooks ?? {}
  const hub = new Hub({ adapter, clock: systemClock, loop, random: systemRandom, log, settings, limitsOf, hooks })
  return {
    routes: createApp({
      runtime,
      hub,
      random: systemRandom,
      auth: options.auth,
      allowedOrigins: options.allowedOrigins ?? [],
      page: options.page ?? false,
      guestTokens: options.guestTokens ?? false,
    }),
    publish: async (room, { from, id, transient, ...body }) =>
      hub.publish(room, {
        from: from ?? SERVER,
        // The application may go on changing its object; what the log holds must not change.
        body: structuredClone(body),
        ...(id === undefined ? {} : { clientId: id }),
        ...(transient === undefined ? {} : { transient }),
      }),
    stats: () => ({ connections: hub.connections, rooms: hub.rooms.size }),
    drain: (patience = 2000) => hub.drain(patience),
    close: () => hub.close(),
  }
}
