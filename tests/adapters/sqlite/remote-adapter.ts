import type {
  AdapterEvents,
  BroadcastAdapter,
  Draft,
  HistoryPage,
  HistoryStart,
  Published,
} from '../../../src/core/broadcast-adapter.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import type { HostProcess } from './host-process.ts'
import { Results } from './wire.ts'

/** When the fake time of adapters begins, in ms since 1970. */
export const BEGINNING = 1_700_000_000_000

export type Rows = readonly Readonly<Record<string, string | number | null>>[]

/** A SQL adapter in a host process. */
export class RemoteAdapter implements BroadcastAdapter {
  readonly #host: HostProcess
  readonly #number: number

  private constructor(host: HostProcess) {
    this.#host = host
    this.#number = host.newAdapter()
  }

  /** `ahead`: ms that the wall clock is ahead of `now`. */
  static async open(host: HostProcess, file: string, now = BEGINNING, ahead = 0): Promise<RemoteAdapter> {
    const adapter = new RemoteAdapter(host)
    await host.ask(adapter.#number, Results.nothing, { call: 'open', file, now, ahead })
    return adapter
  }

  async start(events: AdapterEvents): Promise<void> {
    this.#host.listen(this.#number, events)
    await this.#host.ask(this.#number, Results.nothing, { call: 'start' })
  }

  subscribe(room: string): Promise<StreamPosition> {
    return this.#host.ask(this.#number, Results.position, { call: 'subscribe', room })
  }

  async unsubscribe(room: string): Promise<void> {
    await this.#host.ask(this.#number, Results.nothing, { call: 'unsubscribe', room })
  }

  async publish(room: string, draft: Draft): Promise<Published> {
    const { position, duplicate } = await this.#host.ask(this.#number, Results.published, {
      call: 'publish',
      room,
      draft,
    })
    return position ? { position, duplicate } : { duplicate }
  }

  /** Publishes within one turn of the event loop, and answers how each went: `published`, or why not. */
  turn(publishes: readonly { readonly room: string; readonly draft: Draft }[]): Promise<string[]> {
    return this.#host.ask(this.#number, Results.texts, { call: 'turn', publishes: [...publishes] })
  }

  history(room: string, start: HistoryStart, limit: number): Promise<HistoryPage> {
    return this.#host.ask(this.#number, Results.page, { call: 'history', room, start, limit })
  }

  async probe(): Promise<void> {
    await this.#host.ask(this.#number, Results.nothing, { call: 'probe' })
  }

  async close(): Promise<void> {
    await this.#host.ask(this.#number, Results.nothing, { call: 'close' })
  }

  /** Lets time pass for the adapter. */
  async advance(ms: number): Promise<void> {
    await this.#host.ask(this.#number, Results.nothing, { call: 'advance', ms })
  }

  /** Timers that the adapter waits for. */
  timers(): Promise<number> {
    return this.#host.ask(this.#number, Results.number, { call: 'timers' })
  }

  /** Runs a statement on the adapter's own connection. */
  sql(sql: string): Promise<Rows> {
    return this.#host.ask(this.#number, Results.rows, { call: 'sql', sql })
  }

  /** ms that it takes to publish `count` texts, `group` of them in a turn. */
  bench(room: string, count: number, group: number, bytes: number): Promise<number> {
    return this.#host.ask(this.#number, Results.number, { call: 'bench', room, count, group, bytes })
  }
}
