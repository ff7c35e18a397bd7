import type { BroadcastAdapter, Draft, LogLimits, Publication } from '../../src/core/broadcast-adapter.ts'
import { RequestError } from '../../src/core/errors.ts'
import { DEFAULT_LOG_LIMITS } from '../../src/core/settings.ts'

/** The bounds that an adapter under test is made with: by the room's name. */
export function suiteLimits(room: string): LogLimits {
  if (room.startsWith('few')) return { ...DEFAULT_LOG_LIMITS, size: 5 }
  if (room.startsWith('short')) return { ...DEFAULT_LOG_LIMITS, ttl: 1000 }
  if (room.startsWith('long')) return { ...DEFAULT_LOG_LIMITS, ttl: 86_400_000 }
  if (room.startsWith('small')) return { ...DEFAULT_LOG_LIMITS, bytes: 2000 }
  return DEFAULT_LOG_LIMITS
}

export interface AdapterFixture {
  /** Made with `suiteLimits`, not started, over an engine that has never seen the suite's rooms. */
  readonly adapter: BroadcastAdapter
  /** Lets so many ms pass for the adapter. */
  advance(ms: number): void | Promise<void>
  /** Frees what closing the adapter does not. */
  close(): void | Promise<void>
}

export const ANN = { id: 'ann', name: 'Ann' }
export const BOB = { id: 'bob', name: 'Bob' }

export const chat = (content: string, more: Partial<Draft> = {}): Draft => ({
  from: ANN,
  body: { kind: 'chat', content },
  ...more,
})

export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

/** What was delivered, by room. */
export class Heard {
  readonly #rooms = new Map<string, { epoch: string; publication: Publication }[]>()
  #waiting: { isOver: () => boolean; done: () => void }[] = []

  readonly deliver = (room: string, epoch: string, publications: readonly Publication[]): void => {
    const all = this.#rooms.get(room) ?? []
    all.push(...publications.map((publication) => ({ epoch, publication })))
    this.#rooms.set(room, all)
    const over = this.#waiting.filter(({ isOver }) => isOver())
    this.#waiting = this.#waiting.filter((wait) => !over.includes(wait))
    for (const { done } of over) done()
  }

  epochs(room: string): string[] {
    return [...new Set((this.#rooms.get(room) ?? []).map(({ epoch }) => epoch))]
  }

  of(room: string): Publication[] {
    return (this.#rooms.get(room) ?? []).map(({ publication }) => publication)
  }

  offsets(room: string): (number | undefined)[] {
    return this.of(room).map(({ offset }) => offset)
  }

  /** Waits until at least `count` were delivered. */
  async until(room: string, count: number): Promise<Publication[]> {
    await this.#wait(() => this.of(room).length >= count)
    return this.of(room)
  }

  async untilOffset(room: string, offset: number): Promise<void> {
    await this.#wait(() => this.offsets(room).includes(offset))
  }

  async #wait(isOver: () => boolean): Promise<void> {
    if (!isOver()) await new Promise<void>((done) => this.#waiting.push({ isOver, done }))
  }
}

/** An adapter that was started, with what it delivers. */
export class AdapterGround {
  readonly adapter: BroadcastAdapter
  readonly heard = new Heard()
  readonly #fixture: AdapterFixture

  constructor(fixture: AdapterFixture) {
    this.adapter = fixture.adapter
    this.#fixture = fixture
  }

  async start(): Promise<void> {
    await this.adapter.start({ deliver: this.heard.deliver, restored: () => {} })
  }

  async end(): Promise<void> {
    await this.adapter.close()
    await this.#fixture.close()
  }

  async advance(ms: number): Promise<void> {
    await this.#fixture.advance(ms)
  }

  async publishMany(room: string, count: number, content = 'x'): Promise<void> {
    for (let i = 0; i < count; i++) await this.adapter.publish(room, chat(content))
  }

  /** What was published before has been delivered where it ever will be: what came later has been. */
  async settled(): Promise<void> {
    await this.adapter.subscribe('barrier')
    const { length } = this.heard.of('barrier')
    await this.adapter.publish('barrier', chat('x'))
    await this.heard.until('barrier', length + 1)
    await this.adapter.probe()
  }

  /** What a publish fails with: the code, where it is one of the protocol's. */
  async failure(room: string, draft: Draft): Promise<unknown> {
    try {
      await this.adapter.publish(room, draft)
    } catch (reason) {
      return reason instanceof RequestError ? reason.code : reason
    }
    return 'published'
  }
}
