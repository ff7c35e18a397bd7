import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type {
  AdapterEvents,
  BroadcastAdapter,
  Draft,
  HistoryPage,
  HistoryStart,
  Published,
} from '../../../src/core/broadcast-adapter.ts'
import type { Eventually } from '../../../src/core/eventually.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import { AdapterObject } from './adapter-object.ts'
import { clock } from './time.ts'

let worlds = 0

/** The adapter of one object of a world of its own, asked from outside: each call is an event of that object. */
export class InsideAdapter implements BroadcastAdapter {
  readonly #world = `${++worlds}/`
  readonly #object: string

  constructor(object: string) {
    this.#object = object
  }

  /** What is delivered has been handed out by then, as a hub has it. */
  start(events: AdapterEvents): Promise<void> {
    return this.#within((adapter) =>
      adapter.start({
        ...events,
        deliver: (room, epoch, publications) => {
          events.deliver(room, epoch, publications)
          const { offset, id } = publications.findLast((each) => each.offset !== undefined) ?? {}
          if (offset !== undefined && id !== undefined) adapter.handedOut(room, { epoch, offset, id })
        },
      }),
    )
  }

  subscribe(room: string): Promise<StreamPosition> {
    return this.#within((adapter) => adapter.subscribe(room))
  }

  unsubscribe(room: string): Promise<void> {
    return this.#within((adapter) => adapter.unsubscribe(room))
  }

  publish(room: string, draft: Draft): Promise<Published> {
    return this.#within((adapter) => adapter.publish(room, draft))
  }

  history(room: string, start: HistoryStart, limit: number): Promise<HistoryPage> {
    return this.#within((adapter) => adapter.history(room, start, limit))
  }

  probe(): Promise<void> {
    return this.#within((adapter) => adapter.probe())
  }

  close(): Promise<void> {
    return this.#within((adapter) => adapter.close())
  }

  /** Time passes for all objects, and the alarms strike of those of this world that are due. */
  async advance(ms: number): Promise<void> {
    clock.pass(ms)
    for (const id of await listDurableObjectIds(env.ADAPTERS)) {
      if (!id.name?.startsWith(this.#world)) continue
      const stub = env.ADAPTERS.get(id)
      const at = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm())
      if (at !== null && at <= clock.now()) await runDurableObjectAlarm(stub)
    }
  }

  #within<T>(work: (adapter: AdapterObject['adapter']) => Eventually<T>): Promise<T> {
    const stub = env.ADAPTERS.getByName(`${this.#world}${this.#object}`)
    return runInDurableObject(stub, async (instance) => {
      if (!(instance instanceof AdapterObject)) throw new TypeError('not one of these objects')
      return await work(instance.adapter)
    })
  }
}
