import { MemoryAdapter, type MemoryAdapterDeps } from '../../src/adapters/memory.ts'
import type {
  BroadcastAdapter,
  Deliver,
  Draft,
  HistoryPage,
  HistoryStart,
  Published,
} from '../../src/core/broadcast-adapter.ts'
import type { Eventually } from '../../src/core/eventually.ts'
import type { StreamPosition } from '../../src/core/protocol.ts'

export type Call = 'subscribe' | 'unsubscribe' | 'publish' | 'history'

interface Delayed {
  readonly call: Call
  readonly room: string
  readonly answer: () => void
}

/**
 * An engine that does everything at once but can answer late, fail, lose, repeat and reorder announcements, and lose its logs.
 */
export class FakeAdapter implements BroadcastAdapter {
  readonly calls: string[] = []
  /** Answers that the test has not let go yet, the oldest first. */
  readonly delayed: Delayed[] = []
  readonly subscribed = new Set<string>()
  /** Whether this call is answered late. */
  delays: (call: Call, room: string) => boolean = () => false
  /** What this call fails with, before it has done anything. */
  fails: (call: Call, room: string) => Error | undefined = () => undefined
  /** What becomes of an announcement: to be called once, more often, later or never. */
  carry: (announce: () => void) => void = (announce) => announce()
  readonly #deps: MemoryAdapterDeps
  #engine: MemoryAdapter
  #deliver: Deliver = () => {}

  constructor(deps: MemoryAdapterDeps) {
    this.#deps = deps
    this.#engine = new MemoryAdapter(deps)
  }

  get size(): number {
    return this.#engine.size
  }

  start(deliver: Deliver): void {
    this.#deliver = deliver
    this.#startEngine()
  }

  subscribe(room: string): Eventually<StreamPosition> {
    return this.#answer('subscribe', room, () => {
      this.subscribed.add(room)
      return this.#engine.subscribe(room)
    })
  }

  unsubscribe(room: string): Eventually<void> {
    return this.#answer('unsubscribe', room, () => {
      this.subscribed.delete(room)
      this.#engine.unsubscribe(room)
    })
  }

  publish(room: string, draft: Draft): Eventually<Published> {
    return this.#answer('publish', room, () => this.#engine.publish(room, draft))
  }

  history(room: string, start: HistoryStart, limit: number): Eventually<HistoryPage> {
    return this.#answer('history', room, () => this.#engine.history(room, start, limit))
  }

  probe(): void {}

  close(): void {
    this.#engine.close()
  }

  /** Lets the oldest delayed answers go. */
  release(count: number = this.delayed.length): void {
    for (const { answer } of this.delayed.splice(0, count)) answer()
  }

  /** Every log is lost: the rooms go on with new ones. */
  newEpoch(): void {
    this.#engine.close()
    this.#engine = new MemoryAdapter(this.#deps)
    this.#startEngine()
    for (const room of this.subscribed) this.#engine.subscribe(room)
  }

  #startEngine(): void {
    this.#engine.start((room, epoch, publications) => this.carry(() => this.#deliver(room, epoch, publications)))
  }

  #answer<T>(call: Call, room: string, work: () => T): Eventually<T> {
    this.calls.push(`${call} ${room}`)
    const start = (): T => {
      const failure = this.fails(call, room)
      if (failure) throw failure
      return work()
    }
    if (!this.delays(call, room)) return start()
    const outcome = attempt(start)
    return new Promise((resolve, reject) => {
      const answer = (): void => (outcome.ok ? resolve(outcome.value) : reject(outcome.reason))
      this.delayed.push({ call, room, answer })
    })
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: unknown }

function attempt<T>(start: () => T): Outcome<T> {
  try {
    return { ok: true, value: start() }
  } catch (reason) {
    return { ok: false, reason }
  }
}
