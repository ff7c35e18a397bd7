import { Hono } from 'hono'
import type { WSContext, WSEvents } from 'hono/ws'
import { ObjectAdapter } from '../../adapters/object-adapter.ts'
import { GRACE } from '../../adapters/sql-log.ts'
import { Hub } from '../../core/hub.ts'
import type { Logger } from '../../core/logger.ts'
import type { Flush, Rhythm } from '../../core/rhythm.ts'
import type { Turns } from '../../core/turns.ts'
import { type Authenticator, offeredProtocols } from '../../http/auth.ts'
import { systemClock, systemRandom } from '../../http/platform.ts'
import { chatRoute, echoRoute, jsonRoute, type Route } from '../../http/routes.ts'
import { type Sockets, socketRoutes } from '../../http/sockets.ts'
import { pickSubprotocol } from '../../http/subprotocol.ts'
import type { ParlorOptions, ReadOptions } from '../options.ts'
import { ObjectAlarm } from './alarm.ts'
import { Attachments, type Found, type SocketFacts } from './attachment.ts'
import { Gathering } from './gathering.ts'
import { identityIn } from './identity-header.ts'
import { eventLoop } from './loop.ts'
import type { Peers } from './peers.ts'
import { roomOfObject, speaksProtocol } from './placement.ts'
import { transportOf } from './socket-transport.ts'
import { type HibernatingSockets, hibernatingSockets } from './sockets.ts'
import { storeOf } from './store.ts'
import type { WorkerTransport } from './transport.ts'

const ROUTES: Readonly<Record<SocketFacts['route'], Route>> = { echo: echoRoute, chat: chatRoute, ws: jsonRoute }

/** Answered by the runtime, without waking the object. */
const PING = '{"type":"ping"}'
const PONG = '{"type":"pong"}'

/** Characters of text that copies of logs may take: two bytes each at most, in an isolate that has 128 MB for all its objects. */
const MOST_COPIED = 16 * 1024 * 1024

export interface ObjectSettings extends ReadOptions {
  readonly authenticate: Authenticator
  readonly hooks: NonNullable<ParlorOptions['hooks']>
  readonly log: Logger
  readonly peers: Peers
}

/**
 * What one object hosts: a hub, and the log of the room it is named after. Memory is a cache: all of this is made again from storage and
 * attachments whenever the object wakes.
 */
export class ObjectHost {
  readonly adapter: ObjectAdapter
  readonly sockets: HibernatingSockets
  readonly #ctx: DurableObjectState
  readonly #alarm: ObjectAlarm
  readonly #attachments: Attachments
  readonly #hub: Hub
  readonly #app: Hono

  /** `alarm`: when the object's alarm is set to. */
  constructor(ctx: DurableObjectState, object: string, alarm: number | undefined, given: ObjectSettings) {
    const { settings, limitsOf, log, hooks, authenticate, peers } = given
    this.#ctx = ctx
    this.#alarm = new ObjectAlarm(ctx.storage, systemClock, eventLoop, alarm)
    const own = roomOfObject(object)
    const shared = { clock: systemClock, loop: eventLoop, random: systemRandom, log, limitsOf }
    this.adapter = new ObjectAdapter({
      ...shared,
      ...peers,
      store: storeOf(ctx.storage),
      object,
      room: own,
      lookAt: (time) => this.#alarm.atLatest(time),
    })
    this.#attachments = new Attachments(this.adapter.tables)
    // What other objects announce has been gathered there, and is heard before the `ack` of who published it.
    const rhythm = (room: string, turns: Turns, flush: Flush): Rhythm | undefined =>
      room === own ? new Gathering(shared, turns, flush) : undefined
    const hub = new Hub({
      ...shared,
      adapter: this.adapter,
      settings,
      hooks,
      deadlines: this.#alarm,
      rhythm,
      mostCopied: MOST_COPIED,
    })
    this.#hub = hub
    this.adapter.start({
      deliver: (room, epoch, publications) => hub.rooms.deliver(room, epoch, publications),
      restored: () => void hub.rooms.check(),
    })
    this.sockets = hibernatingSockets(ctx, { agree: (offered) => pickSubprotocol(offeredProtocols(offered)) })
    if (speaksProtocol(object)) ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
    const routes = this.#routes(hub, authenticate)
    this.#app = appOf(routes)
    this.sockets.wake((socket, context) => this.#revive(routes, socket, context))
    this.#attachments.sweep()
    this.adapter.revived()
    log.debug('an object wakes', { object, sockets: hub.connections })
  }

  fetch(request: Request): Response | Promise<Response> {
    return this.#app.fetch(request)
  }

  /** The object's alarm: as late as it likes, and as often. */
  alarm(): void {
    this.#alarm.struck()
    this.adapter.look()
  }

  /** Nobody is here, and nothing that anybody could ask for: what is stored is of no use. */
  get isIdle(): boolean {
    return this.#hub.connections === 0 && this.adapter.isIdle
  }

  /** An event lasts as long as the calls that it may have made. */
  settled(): Promise<void> | undefined {
    const calls = this.adapter.settled()
    if (calls !== undefined) return calls.then(() => this.tidy())
    this.tidy()
    return undefined
  }

  /** Where nothing is here that anybody needs, the object is to be looked at in a while: what it stores would stay for ever. */
  tidy(): void {
    if (!this.#alarm.isSet && this.isIdle) this.#alarm.atLatest(systemClock.now() + GRACE)
  }

  #routes(hub: Hub, { renew }: Authenticator): Sockets {
    return socketRoutes({
      runtime: {
        upgradeWebSocket: this.sockets.upgradeWebSocket,
        transport: (ws, c, { agreed, joined }) => {
          const address = addressOf(c.req.raw)
          return this.#transport(ws, {
            route: routeOf(c.req.path),
            ...(agreed ? { agreed: joined ? 'parlor.v1.batch' : 'parlor.v1' } : {}),
            ...(address === undefined ? {} : { address }),
          })
        },
        address: (c) => addressOf(c.req.raw),
        loop: eventLoop,
      },
      hub,
      // The Worker has looked at origin and token before it asked this object.
      authenticate: { admit: (_token, request) => identityIn(request), renew },
      allowedOrigins: ['*'],
      ready: Promise.resolve(),
    })
  }

  #revive(routes: Sockets, socket: WebSocket, context: WSContext): WSEvents | undefined {
    const found = this.#attachments.read(socket)
    if (!found) return undefined
    const { facts, kept } = found
    const { user, expires } = kept
    const opening = {
      route: ROUTES[facts.route],
      identity: { user, ...(expires === undefined ? {} : { expires }) },
      asked: {},
      address: facts.address,
      picked: facts.agreed,
      transport: (ws: WSContext) => this.#transport(ws, facts, found),
    }
    return routes.revive(context, opening, kept)
  }

  /** `found`: of a socket that was there before. */
  #transport({ raw }: WSContext, facts: SocketFacts, found?: Found): WorkerTransport {
    if (!(raw instanceof WebSocket)) throw new TypeError('not a socket of a Durable Object')
    return transportOf(raw, facts, found, {
      clock: systemClock,
      loop: eventLoop,
      attachments: this.#attachments,
      pingedAt: () => this.#ctx.getWebSocketAutoResponseTimestamp(raw)?.getTime(),
    })
  }
}

function appOf(routes: Sockets): Hono {
  const app = new Hono()
  for (const route of Object.values(ROUTES)) app.get(`/${route.name}`, routes.handler(route))
  return app
}

const routeOf = (path: string): SocketFacts['route'] => (path === '/echo' ? 'echo' : path === '/chat' ? 'chat' : 'ws')

const addressOf = ({ headers }: Request): string | undefined => headers.get('cf-connecting-ip') ?? undefined
