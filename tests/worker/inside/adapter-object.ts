import { DurableObject, env } from 'cloudflare:workers'
import { ObjectAdapter } from '../../../src/adapters/object-adapter.ts'
import type { Announced, Answer } from '../../../src/adapters/object-peers.ts'
import type { Draft, HistoryPage, HistoryStart, Published } from '../../../src/core/broadcast-adapter.ts'
import type { Logger } from '../../../src/core/logger.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import { systemRandom } from '../../../src/http/platform.ts'
import { ObjectAlarm } from '../../../src/runtimes/worker/alarm.ts'
import { namespaceIn, type ObjectNamespace } from '../../../src/runtimes/worker/calls.ts'
import { eventLoop } from '../../../src/runtimes/worker/loop.ts'
import { peersIn } from '../../../src/runtimes/worker/peers.ts'
import { roomOfObject } from '../../../src/runtimes/worker/placement.ts'
import { storeOf } from '../../../src/runtimes/worker/store.ts'
import { suiteLimits } from '../../adapters/adapter-ground.ts'
import { clock } from './time.ts'

/** Between the number of a world, in which rooms are called as in any other, and the name of an object in it. */
const SEPARATOR = '/'

const log: Logger = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error }

/** The objects of one world: each test has its own, since the tests of a suite use the same rooms. */
export function worldOf(world: string): ObjectNamespace {
  const namespace = namespaceIn(env, 'ADAPTERS')
  return { getByName: (object) => namespace.getByName(`${world}${SEPARATOR}${object}`) }
}

/** An object with an adapter in it and no hub: what it answers to others is as in `ParlorObject`. */
export class AdapterObject extends DurableObject {
  readonly adapter: ObjectAdapter
  readonly #alarm: ObjectAlarm

  constructor(ctx: DurableObjectState, bindings: Cloudflare.Env) {
    super(ctx, bindings)
    const { name = '' } = ctx.id
    const [world = '', object = ''] = [name.slice(0, name.indexOf(SEPARATOR)), name.slice(name.indexOf(SEPARATOR) + 1)]
    this.#alarm = new ObjectAlarm(ctx.storage, clock, eventLoop, undefined)
    this.adapter = new ObjectAdapter({
      ...peersIn(() => worldOf(world)),
      store: storeOf(ctx.storage),
      clock,
      loop: eventLoop,
      random: systemRandom,
      log,
      limitsOf: suiteLimits,
      object,
      room: roomOfObject(object),
      lookAt: (time) => this.#alarm.atLatest(time),
    })
    this.adapter.revived()
  }

  override alarm(): void | Promise<void> {
    this.#alarm.struck()
    this.adapter.look()
    return this.adapter.settled()
  }

  admit(object: string): StreamPosition {
    return this.adapter.admit(object)
  }

  dismiss(object: string): void {
    this.adapter.dismiss(object)
  }

  publish(draft: Draft, object: string): Promise<Answer<Published>> {
    return this.adapter.publishFor(draft, object)
  }

  history(start: HistoryStart, limit: number): HistoryPage {
    return this.adapter.historyHere(start, limit)
  }

  announce(room: string, announced: readonly Announced[]): boolean {
    return this.adapter.hear(room, announced)
  }
}
