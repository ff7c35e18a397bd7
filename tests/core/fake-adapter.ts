import { MemoryAdapter, type MemoryAdapterDeps } from '../../src/adapters/memory.ts'
import type {
  AdapterEvents,
  BroadcastAdapter,
  Draft,
  HistoryPage,
  HistoryStart,
  Publication,
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
  #events: AdapterEvents = { deliver: () => {}, restored: () => {} }

  constructor(deps: MemoryAdapterDeps) {
    this.#deps = deps
    this.#engine = new MemoryAdapter(deps)
  }

  get size(): number {
    return this.#engine.size
  }

  start(events: AdapterEvents): void {
    this.#events = events
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

  /** A stale replica took over: the room's log has its epoch still, and `contents` of its own. Nothing of it is announced. */
  fork(room: string, epoch: string, contents: readonly string[]): void {
    const { random } = this.#deps
    this.#engine.close()
    this.#engine = new MemoryAdapter({
      ...this.#deps,
      random: { id: (length) => (length === 10 ? epoch : random.id(length)) },
    })
    for (const content of contents) {
      this.#engine.publish(room, { from: { id: 'stale', name: 'Stale' }, body: { kind: 'chat', content } })
    }
    this.#startEngine()
    for (const each of this.subscribed) this.#engine.subscribe(each)
  }

  /** Says something that no log of the engine's holds, as a stale replica would. */
  announce(room: string, epoch: string, ...publications: readonly Publication[]): void {
    this.#events.deliver(room, epoch, publications)
  }

  /** The engine was away and is back. */
  restored(): void {
    this.#events.restored()
  }

  #startEngine(): void {
    this.#engine.start({
      deliver: (room, epoch, publications) => this.carry(() => this.#events.deliver(room, epoch, publications)),
      restored: () => {},
    })
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
