import type { Hono } from 'hono'
import type { Published } from '../core/broadcast-adapter.ts'
import { RequestError } from '../core/errors.ts'
import { Hub } from '../core/hub.ts'
import { loggerOf } from '../core/logger.ts'
import { createApp } from '../http/app.ts'
import { systemClock, systemRandom } from '../http/platform.ts'
import type { Runtime } from '../http/runtime.ts'
import { adapterOf } from './adapter-option.ts'
import { memoryAdapter } from './memory.ts'
import { checkRoom, draftOf, type Message } from './message.ts'
import { type ParlorOptions, readOptions } from './options.ts'
import { checkRuntime } from './right-runtime.ts'

export interface Parlor {
  /** The routes of SPEC.md, to be mounted under any path: `app.route('/live', parlor.routes)`. */
  readonly routes: Hono
  /** Sends a message into a room from the server. Rejects with a RequestError where it can't be one or the log can't take it. */
  publish(room: string, message: Message): Promise<Published>
  /** Connections and rooms at this moment. */
  stats(): { readonly connections: number; readonly rooms: number }
  /** Tells every client when to connect again, and answers when that has been sent, or after `patience` ms (2000 by default). */
  drain(patience?: number): Promise<void>
  /** Closes every connection and the adapter. */
  close(): Promise<void>
}

/** Live rooms on `runtime`, as routes for a Hono app. Throws a TypeError that lists the options that can't be, and what an adapter throws that can't be made. */
export function createParlor(runtime: Runtime, options: ParlorOptions): Parlor {
  checkRuntime(runtime)
  const absent = runtime.fanOut ? [] : (['writerThreads'] as const)
  const { settings, limitsOf, allowedOrigins, writerThreads } = readOptions(options, { absent })
  const log = loggerOf(options.log)
  const { loop } = runtime
  const { adapter: given = memoryAdapter() } = options
  const deps = { clock: systemClock, loop, random: systemRandom, log, limitsOf }
  const adapter = adapterOf(given, deps)
  const hooks = options.hooks ?? {}
  const hub = new Hub({ ...deps, adapter, settings, hooks, fanOut: runtime.fanOut?.(writerThreads, log) })
  const started = start(hub)
  let closed = false
  return {
    routes: createApp({
      runtime,
      hub,
      ready: started,
      random: systemRandom,
      auth: options.auth,
      allowedOrigins,
      page: options.page ?? false,
      guestTokens: options.guestTokens ?? false,
    }),
    publish: async (room, message) => {
      checkRoom(room, settings.limits.roomName)
      // Before anything is waited for: the application may go on changing its object.
      const draft = draftOf(message)
      if (!(await started)) throw new RequestError('unavailable', 'The adapter did not start')
      if (closed) throw new RequestError('unavailable', 'This Parlor is closed')
      return hub.publish(room, draft)
    },
    stats: () => ({ connections: hub.connections, rooms: hub.rooms.size }),
    drain: (patience = 2000) => hub.drain(patience),
    close: () => {
      closed = true
      return hub.close()
    },
  }
}

/** Whether the hub hears its adapter. */
async function start(hub: Hub): Promise<boolean> {
  try {
    await hub.start()
    return true
  } catch (reason) {
    hub.log.error('the adapter did not start: rooms are unavailable', { reason })
    return false
  }
}
