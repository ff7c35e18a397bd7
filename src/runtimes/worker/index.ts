/** Parlor on Cloudflare: a Worker at the door, and Durable Objects that hibernate behind it. */
import { DurableObject, env } from 'cloudflare:workers'
import { Hono } from 'hono'
import type { Announced, Answer } from '../../adapters/object-peers.ts'
import { unwrapped } from '../../adapters/object-peers.ts'
import type { Draft, HistoryPage, HistoryStart, Published } from '../../core/broadcast-adapter.ts'
import { loggerOf } from '../../core/logger.ts'
import type { StreamPosition } from '../../core/protocol.ts'
import { authenticator } from '../../http/auth.ts'
import { pageRoutes } from '../../http/page.ts'
import { systemRandom } from '../../http/platform.ts'
import { checkRoom, draftOf, type Message } from '../message.ts'
import { type CommonOptions, PROCESS_OPTIONS, readOptions } from '../options.ts'
import { namespaceIn, type ObjectNamespace } from './calls.ts'
import { forwarding } from './forward.ts'
import { eventLoop } from './loop.ts'
import { nameOf } from './name.ts'
import { ObjectHost } from './object.ts'
import { peersIn } from './peers.ts'

export * from '../exports.ts'

/** How often the platform tries an alarm again that fails: within some minutes, and then never. */
const RETRIES = 6
/** ms after which it is tried once more then: a newer version may be back, to which the object belongs. */
const ANEW = 600_000

export interface WorkerOptions extends CommonOptions {
  /** The binding of the Durable Object's namespace. `PARLOR` by default. */
  readonly binding?: string | undefined
  /** Objects over which a datacenter's sockets are spread that are in no room's own object. 1 by default. */
  readonly shards?: number | undefined
}

export interface WorkerParlor {
  /** The routes of SPEC.md, to be mounted under any path. */
  readonly routes: Hono
  /** To be exported by the Worker, as the class that its binding names. */
  readonly ParlorObject: new (
    ctx: DurableObjectState,
    env: Cloudflare.Env,
  ) => DurableObject
  /** Sends a message into a room from the server. Rejects with a RequestError where it can't be one or the log can't take it. */
  publish(room: string, message: Message): Promise<Published>
}

/** Live rooms as routes for a Hono app in a Worker, and the objects behind them. Throws a TypeError that lists the options that can't be. */
export function createParlor(options: WorkerOptions): WorkerParlor {
  const read = readOptions(options, { added: ['binding', 'shards'], absent: PROCESS_OPTIONS })
  const log = loggerOf(options.log)
  const authenticate = authenticator(options.auth, systemRandom)
  const { binding = 'PARLOR', shards = 1 } = options
  if (typeof binding !== 'string' || binding === '') {
    throw new TypeError(`createParlor: binding is ${String(binding)}; it must be the name of a binding`)
  }
  if (!(Number.isSafeInteger(shards) && shards > 0)) {
    throw new TypeError(`createParlor: shards is ${String(shards)}; it must be a whole number, at least 1`)
  }
  const namespace = (): ObjectNamespace => namespaceIn(env, binding)
  const peers = peersIn(namespace)
  const settings = { ...read, authenticate, hooks: options.hooks ?? {}, log, peers }
  const longestRoomName = read.settings.limits.roomName

  class ParlorObject extends DurableObject {
    #host: ObjectHost | undefined
    /** When it was set to, before there was a host. */
    #alarm: number | undefined
    #name: string | undefined

    constructor(ctx: DurableObjectState, bindings: Cloudflare.Env) {
      super(ctx, bindings)
      void ctx.blockConcurrencyWhile(async () => {
        this.#alarm = (await ctx.storage.getAlarm()) ?? undefined
      })
    }

    override fetch(request: Request): Promise<Response> {
      return this.#ask((host) => host.fetch(request))
    }

    override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void | Promise<void> {
      const host = this.#awake
      host.sockets.message(socket, data)
      return host.settled()
    }

    override webSocketClose(socket: WebSocket, code: number, reason: string): void | Promise<void> {
      const host = this.#awake
      host.sockets.closed(socket, code, reason)
      return host.settled()
    }

    override webSocketError(socket: WebSocket): void | Promise<void> {
      const host = this.#awake
      host.sockets.failed(socket)
      return host.settled()
    }

    override async alarm(info?: AlarmInvocationInfo): Promise<void> {
      try {
        const host = this.#awake
        host.alarm()
        await (host.isIdle ? this.#empty() : host.settled())
      } catch (reason) {
        if ((info?.retryCount ?? 0) < RETRIES) throw reason
        log.error('an alarm failed, and is set anew', { reason })
        await this.ctx.storage.setAlarm(Date.now() + ANEW)
      }
    }

    admit(object: string): Promise<StreamPosition> {
      return this.#ask(({ adapter }) => adapter.admit(object))
    }

    dismiss(object: string): Promise<void> {
      return this.#ask(({ adapter }) => adapter.dismiss(object))
    }

    publish(draft: Draft, object: string): Promise<Answer<Published>> {
      return this.#ask(({ adapter }) => adapter.publishFor(draft, object))
    }

    history(start: HistoryStart, limit: number): Promise<HistoryPage> {
      return this.#ask(({ adapter }) => adapter.historyHere(start, limit))
    }

    announce(room: string, announced: readonly Announced[]): Promise<boolean> {
      return this.#ask(({ adapter }) => adapter.hear(room, announced))
    }

    /** What is asked may have made the object, and may leave nothing in it. */
    async #ask<T>(work: (host: ObjectHost) => T | Promise<T>): Promise<T> {
      const host = this.#awake
      try {
        return await work(host)
      } finally {
        if (this.#host === host) host.tidy()
      }
    }

    /** Empty tables have their price too. Whoever comes next finds an object that was never there. */
    #empty(): Promise<void> {
      this.#host = undefined
      this.#alarm = undefined
      return this.ctx.storage.deleteAll()
    }

    /** Where it can't be made, as of an object that a newer version wrote, whoever asks hears why. */
    get #awake(): ObjectHost {
      if (this.#host) return this.#host
      this.#name = nameOf(this.ctx, this.#name)
      this.#host = new ObjectHost(this.ctx, this.#name, this.#alarm, settings)
      return this.#host
    }
  }

  const routes = new Hono()
  const forward = forwarding({
    authenticate,
    allowedOrigins: read.allowedOrigins,
    log,
    loop: eventLoop,
    patience: read.settings.limits.request,
    namespace,
    shards,
    longestRoomName,
  })
  routes.get('/health', (c) => c.text('ok'))
  for (const route of ['echo', 'chat', 'ws'] as const) routes.get(`/${route}`, forward(route))
  if (options.page) routes.route('/', pageRoutes())
  return {
    routes,
    ParlorObject,
    publish: async (room, message) => {
      checkRoom(room, longestRoomName)
      return unwrapped(await peers.roomPeer(room).publish(draftOf(message), ''))
    },
  }
}
