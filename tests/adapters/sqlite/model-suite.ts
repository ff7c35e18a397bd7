import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryAdapter } from '../../../src/adapters/memory.ts'
import type { BroadcastAdapter, Draft } from '../../../src/core/broadcast-adapter.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import { FakeLoop, SeededRandom } from '../../core/fake-loop.ts'
import { chat, suiteLimits } from '../adapter-ground.ts'
import type { HostProcess } from './host-process.ts'
import { BEGINNING, RemoteAdapter } from './remote-adapter.ts'

const ROOMS = ['r', 'few', 'short', 'small'] as const

const room = fc.constantFrom(...ROOMS)
const publish = fc.record({
  kind: fc.constant('publish' as const),
  room,
  publisher: fc.constantFrom('ann', 'bob'),
  content: fc.oneof(
    fc.string({ maxLength: 5, unit: 'binary' }),
    fc.integer({ min: 300, max: 900 }).map((n) => 'x'.repeat(n)),
  ),
  clientId: fc.option(fc.constantFrom('a', 'b', 'c\u0000', '\ud800', '\ud801'), { nil: undefined }),
  age: fc.option(fc.constantFrom(0, 10, 1000, 200_000, 299_999, 300_000, 300_001), { nil: undefined }),
})
const step = fc.oneof(
  { arbitrary: publish, weight: 10 },
  {
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      room,
      at: fc.nat({ max: 60 }),
      how: fc.constantFrom('as it is', 'without an id', 'another id', 'another epoch', 'beyond'),
      limit: fc.constantFrom(0, 1, 3, 1000),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 250, 999, 1000, 1001, 60_000, 299_999, 300_000),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: fc.constant('restart' as const) }), weight: 1 },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One adapter, and what is known of it: epochs and ids are its own, everything else must be as the other's. */
class Side {
  adapter: BroadcastAdapter
  readonly #positions = new Map<string, StreamPosition[]>()

  constructor(adapter: BroadcastAdapter) {
    this.adapter = adapter
  }

  async begin(): Promise<void> {
    await this.adapter.start({ deliver: () => {}, restored: () => {} })
    for (const name of ROOMS) {
      const head = await this.adapter.subscribe(name)
      if (!this.#positions.has(name)) this.#positions.set(name, [head])
    }
  }

  /** What it answers to a step; nothing to the passing of time and to restarts. */
  async take(step: Step): Promise<unknown> {
    if (step.kind === 'read') return await this.#read(step)
    return step.kind === 'publish' ? await this.#publish(step.room, draftOf(step)) : undefined
  }

  async #publish(name: string, draft: Draft): Promise<unknown> {
    try {
      const { position, duplicate } = await this.adapter.publish(name, draft)
      if (position && !duplicate) this.#positions.get(name)?.push(position)
      return { offset: position?.offset, isKnown: this.#isKnown(name, position), duplicate }
    } catch (reason) {
      return reason instanceof Error && 'code' in reason ? reason.code : reason
    }
  }

  async #read({ room: name, at, how, limit }: Extract<Step, { kind: 'read' }>): Promise<unknown> {
    const positions = this.#positions.get(name) ?? []
    const position = positions[at % positions.length]
    if (!position) throw new Error('no position')
    const { epoch, offset, id } = position
    const start = {
      'as it is': position,
      'without an id': { epoch, offset },
      'another id': { epoch, offset, id: 'other' },
      'another epoch': { epoch: 'other', offset, ...(id === undefined ? {} : { id }) },
      beyond: { epoch, offset: offset + 1000, id: 'other' },
    }[how]
    const page = await this.adapter.history(name, start, limit)
    return {
      publications: page.publications.map(({ offset: at, from, time, body, clientId }) => ({
        offset: at,
        from,
        time,
        body,
        clientId,
      })),
      start: [page.start.offset, this.#isKnown(name, page.start)],
      head: [page.head.offset, this.#isKnown(name, page.head)],
      intact: page.intact,
    }
  }

  #isKnown(name: string, position: StreamPosition | undefined): boolean {
    const known = this.#positions.get(name)?.[position?.offset ?? 0]
    return known?.epoch === position?.epoch && known?.id === position?.id
  }
}

const draftOf = ({ publisher, content, clientId, age }: Extract<Step, { kind: 'publish' }>): Draft =>
  chat(content, {
    from: { id: publisher, name: publisher },
    ...(clientId === undefined ? {} : { clientId }),
    ...(age === undefined ? {} : { age }),
  })

/** Nobody can tell the log in a file, with restarts, from the one in memory without. */
export function modelSuite(host: () => HostProcess, freshFile: () => string): void {
  test('[ROOM-4] [ROOM-8] [ROOM-10] [ROOM-13] answers as the log in memory does, whatever restarts there are', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 100, size: 'max' }), async (steps) => {
        const file = freshFile()
        const loop = new FakeLoop(BEGINNING)
        const memory = new Side(
          new MemoryAdapter({ clock: loop, loop, random: new SeededRandom(), limitsOf: suiteLimits }),
        )
        let remote = await RemoteAdapter.open(host(), file)
        const durable = new Side(remote)
        await memory.begin()
        await durable.begin()

        try {
          for (const one of steps) {
            if (one.kind === 'pass') {
              loop.advance(one.ms)
              await remote.advance(one.ms)
            } else if (one.kind === 'restart') {
              await remote.close()
              remote = await RemoteAdapter.open(host(), file, loop.now())
              durable.adapter = remote
              await durable.begin()
            }
            expect(await durable.take(one)).toEqual(await memory.take(one))
          }
        } finally {
          await remote.close()
        }
      }),
      { numRuns: 25 },
    )
  })
}
