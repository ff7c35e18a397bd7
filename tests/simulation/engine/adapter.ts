import type {
  AdapterEvents,
  BroadcastAdapter,
  Deliver,
  Draft,
  HistoryPage,
  HistoryStart,
  Publication,
  Published,
} from '../../../src/core/broadcast-adapter.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import type { Chance } from '../chance.ts'
import type { Process } from '../process.ts'
import type { Engine } from './engine.ts'
import { Link, type LinkDeps } from './link.ts'

export interface AdapterDeps extends LinkDeps {
  readonly engine: Engine
  readonly process: Process
  readonly chance: Chance
  /** ms until a broken link is made again, drawn each time. */
  readonly reconnect: () => number
  /** ms that a call waits for a link, where there is none. */
  readonly patience: number
}

/** What a good adapter of the simulated engine does: it makes its link again and again, subscribes anew, and says so. */
export class SimAdapter implements BroadcastAdapter {
  readonly #deps: AdapterDeps
  /** Rooms that the hub has asked for, each with the call that did so last. */
  readonly #wishes = new Map<string, object>()
  /** Those of them that it has been told to be subscribed. */
  readonly #subscribed = new Set<string>()
  #events: AdapterEvents = { deliver: () => {}, restored: () => {} }
  #link: Link | undefined
  #isReady = false
  #wasAway = false
  #waiting: (() => void)[] = []
  /** Came before the subscriptions were complete. */
  #early: Parameters<Deliver>[] = []

  constructor(deps: AdapterDeps) {
    this.#deps = deps
  }

  start(events: AdapterEvents): Promise<void> {
    this.#events = events
    this.#connect()
    return Promise.resolve()
  }

  async subscribe(room: string): Promise<StreamPosition> {
    const wish = {}
    this.#wishes.set(room, wish)
    try {
      const head = await this.#call((engine, link) => engine.subscribe(room, link))
      if (this.#wishes.get(room) === wish) this.#subscribed.add(room)
      return head
    } catch (reason) {
      if (this.#wishes.get(room) === wish) this.#wishes.delete(room)
      throw reason
    }
  }

  unsubscribe(room: string): Promise<void> {
    this.#wishes.delete(room)
    this.#subscribed.delete(room)
    const link = this.#link
    return link ? link.call(() => this.#deps.engine.unsubscribe(room, link)) : Promise.resolve()
  }

  publish(room: string, draft: Draft): Promise<Published> {
    return this.#call((engine) => engine.publish(room, draft))
  }

  history(room: string, start: HistoryStart, limit: number): Promise<HistoryPage> {
    return this.#call((engine) => engine.history(room, start, limit))
  }

  probe(): Promise<void> {
    return this.#call(() => {})
  }

  close(): void {
    this.#wishes.clear()
    this.#subscribed.clear()
    this.#events = { deliver: () => {}, restored: () => {} }
    this.#link?.break(0)
    this.#link = undefined
  }

  /** Breaks the link; it will be made again. */
  break(notice: number): void {
    this.#link?.break(notice)
  }

  stop(): void {
    this.#link?.stop()
  }

  go(): void {
    this.#link?.go()
  }

  #call<T>(work: (engine: Engine, link: Link) => T): Promise<T> {
    const { engine } = this.#deps
    const link = this.#link
    if (link && this.#isReady) return link.call(() => work(engine, link))
    return this.#linked().then(() => this.#call(work))
  }

  /** Resolves when there is a link, and the hub has been told so; rejects when that takes too long. */
  #linked(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#deps.process.after(this.#deps.patience, () => {
        this.#waiting = this.#waiting.filter((each) => each !== go)
        reject(new Error('the engine is away'))
      })
      const go = (): void => {
        cancel()
        resolve()
      }
      this.#waiting.push(go)
    })
  }

  #connect(): void {
    const link = new Link(this.#deps, {
      announced: (room, epoch, publications) => this.#announced(link, room, epoch, publications),
      down: () => this.#down(link),
    })
    this.#link = link
    this.#isReady = false
    void this.#restore(link)
  }

  /** Subscribes again. Only then is the hub told, and only after that is anything new delivered. */
  async #restore(link: Link): Promise<void> {
    const { engine } = this.#deps
    try {
      for (const room of this.#subscribed) {
        await this.#surely(link, () => {
          if (this.#subscribed.has(room)) engine.subscribe(room, link)
        })
      }
    } catch {
      return
    }
    if (this.#link !== link) return
    this.#isReady = true
    if (this.#wasAway) this.#events.restored()
    for (const go of this.#waiting.splice(0)) go()
    for (const [room, epoch, publications] of this.#early.splice(0)) this.#deliver(room, epoch, publications)
  }

  /** The link's call until the engine has time for it. */
  async #surely<T>(link: Link, work: () => T): Promise<T> {
    for (;;) {
      try {
        return await link.call(work)
      } catch (reason) {
        if (this.#link !== link) throw reason
      }
    }
  }

  #announced(link: Link, room: string, epoch: string, publications: readonly Publication[]): void {
    if (link !== this.#link) return
    if (this.#isReady) this.#deliver(room, epoch, publications)
    else this.#early.push([room, epoch, publications])
  }

  #deliver(room: string, epoch: string, publications: readonly Publication[]): void {
    if (this.#wishes.has(room)) this.#events.deliver(room, epoch, publications)
  }

  #down(link: Link): void {
    if (link !== this.#link) return
    this.#link = undefined
    this.#isReady = false
    this.#wasAway = true
    this.#early = []
    this.#deps.process.after(this.#deps.reconnect(), () => this.#connect())
  }
}
