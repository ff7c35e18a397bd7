/** Whatever becomes of connections: nothing lost without a word, nothing twice, everything in order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Room } from '../../src/client/index.ts'
import { draws } from '../core/fake-world.ts'
import { FakePlatform } from './fake-platform.ts'
import { type ModelConnection, ModelServer } from './model-server.ts'

const ROOMS = ['lobby', 'attic'] as const

type Step =
  | { readonly kind: 'serve' | 'deliver'; readonly count: number }
  | { readonly kind: 'cut'; readonly code: number }
  | { readonly kind: 'pass' | 'sleep'; readonly ms: number }
  | { readonly kind: 'publish' | 'others' | 'evict' | 'lose' | 'again'; readonly room: number }
  | { readonly kind: 'refuse'; readonly when: 'before' | 'after' }
  | { readonly kind: 'accept' | 'wake' | 'drain' }

const room = fc.nat({ max: ROOMS.length - 1 })
const steps = fc.array(
  fc.oneof<[fc.WeightedArbitrary<Step>, ...fc.WeightedArbitrary<Step>[]]>(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('publish'), room }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('others'), room }) },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constantFrom('serve', 'deliver'), count: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('accept') }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(100, 600, 3000, 12_000) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut'), code: fc.constantFrom(1000, 1006, 4000, 4001) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse'), when: fc.constantFrom('before', 'after') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('evict', 'lose', 'again'), room }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('wake', 'drain') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep'), ms: fc.constant(60_000) }) },
  ),
  { minLength: 5, maxLength: 80 },
)

/** What one membership heard: `epoch offset content`, and where something was missed. */
interface Member {
  readonly room: Room
  readonly story: string[]
}

class Run {
  readonly platform = new FakePlatform()
  readonly server = new ModelServer()
  readonly parlor = this.platform.connect()
  /** By room, one after the other. */
  readonly members = new Map<string, Member[]>()
  readonly acknowledged: { readonly room: string; readonly content: string; readonly position: object }[] = []
  readonly rejected: unknown[] = []
  /** Everything that was ever appended, as `epoch offset content`. */
  readonly written = new Map<string, string[]>()
  #texts = 0

  constructor() {
    const append = this.server.append.bind(this.server)
    this.server.append = (name, content, clientId) => {
      const position = append(name, content, clientId)
      this.written.set(name, [...(this.written.get(name) ?? []), `${position.epoch} ${position.offset} ${content}`])
      return position
    }
    for (const name of ROOMS) this.join(name)
  }

  join(name: string): void {
    const story: string[] = []
    const joined = this.parlor.join(name, {
      onMessage: ({ position, ...message }) =>
        void story.push(`${position?.epoch} ${position?.offset} ${message.type === 'chat' ? message.content : ''}`),
      onMissed: ({ kind }) => void story.push(`missed ${kind}`),
    })
    const before = this.members.get(name) ?? []
    this.members.set(name, [...before, { room: joined, story }])
  }

  get connection(): ModelConnection | undefined {
    return this.server.connections.find(({ socket }) => socket === this.platform.sockets.at(-1))
  }

  accept(): void {
    const socket = this.platform.sockets.at(-1)
    if (socket?.readyState === 0) this.server.connect(socket)
  }

  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'serve':
        return this.connection?.serve(step.count)
      case 'deliver':
        return this.connection?.deliver(step.count)
      case 'accept':
        return this.accept()
      case 'cut':
        return this.connection?.cut(step.code)
      case 'drain':
        return this.connection?.send({ type: 'drain', reconnectAfter: 700 })
      case 'pass':
        return this.platform.pass(step.ms)
      case 'sleep':
        return this.platform.sleep(step.ms)
      case 'wake':
        return this.platform.wake()
      case 'refuse':
        return void this.server.refusals.push(step.when)
      default:
        return this.#inRoom(step.kind, ROOMS[step.room] ?? 'lobby')
    }
  }

  #inRoom(kind: 'publish' | 'others' | 'evict' | 'lose' | 'again', name: string): void {
    const member = this.members.get(name)?.at(-1)
    if (kind === 'others') this.server.append(name, `other ${++this.#texts}`)
    if (kind === 'evict') this.server.evict(name, 3)
    if (kind === 'lose') this.server.lose(name, 'lost')
    if (kind === 'again') {
      member?.room.leave()
      this.join(name)
    }
    if (kind !== 'publish' || !member) return
    const content = `own ${++this.#texts}`
    member.room.publish(content).then(
      ({ position }) => void this.acknowledged.push({ room: name, content, position }),
      (error: unknown) => void this.rejected.push(error),
    )
  }

  /** Everything works from now on: brings all there is to its end. */
  async heal(): Promise<void> {
    this.server.refusals = []
    for (let round = 0; round < 400; round++) {
      this.accept()
      this.connection?.serve(1000)
      this.connection?.deliver(1000)
      await this.platform.pass(250)
      if (this.connection?.isOpen && this.connection.isQuiet && round > 250) return
    }
    throw new Error(`it does not come to rest: ${JSON.stringify(this.parlor.state)}`)
  }

  check(): void {
    for (const [name, members] of this.members) {
      const written = this.written.get(name) ?? []
      for (const { story, room: joined } of members) {
        const heard = story.filter((entry) => !entry.startsWith('missed'))
        expect(new Set(heard).size, 'nothing twice').toBe(heard.length)
        expect(
          written.filter((entry) => heard.includes(entry)),
          'in the order of the log',
        ).toEqual(heard)
        this.#checkHoles(story, written)
        if (joined.state.kind === 'left') continue
        expect(joined.state.kind).toBe('joined')
        const last = written.at(-1)
        if (story.length > 0 && last !== undefined && !story.at(-1)?.startsWith('missed')) {
          expect(story.at(-1), 'up to the end of the log').toBe(last)
        }
      }
      const own = written.map((entry) => entry.replace(/^\S+ \S+ /, '')).filter((content) => content.startsWith('own'))
      expect(new Set(own).size, 'no publish twice').toBe(own.length)
    }
    for (const { room: name, content, position } of this.acknowledged) {
      const { epoch, offset } = { epoch: '', offset: 0, ...position }
      expect(this.written.get(name)).toContain(`${epoch} ${offset} ${content}`)
    }
    for (const error of this.rejected) expect(error).toMatchObject({ code: 'left' })
    expect(this.platform.reported).toEqual([])
  }

  /** Between two messages that were heard with nothing missed in between, the log has none. */
  #checkHoles(story: readonly string[], written: readonly string[]): void {
    for (const [i, entry] of story.entries()) {
      const next = story[i + 1]
      if (next === undefined || entry.startsWith('missed') || next.startsWith('missed')) continue
      expect(written.indexOf(next), `after ${entry}`).toBe(written.indexOf(entry) + 1)
    }
  }
}

test('[SDK-21] [SDK-30] nothing lost without a word, nothing twice, everything in order, whatever becomes of connections', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const run = new Run()
      for (const step of plan) await run.do(step)
      await run.heal()
      run.check()
      run.parlor.close()
      expect(run.platform.loop.timers).toBe(0)
    }),
    draws(150),
  )
}, 120_000)
