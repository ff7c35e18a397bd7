import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServerFrame, StreamPosition } from '../../src/core/protocol.ts'
import { freshRoom } from '../contract/ground.ts'
import { expectType, Peer } from '../contract/peer.ts'
import { type Objects, objects } from './harness.ts'

const GATEWAY = 'gw:DFW:0'

type Step =
  | { readonly kind: 'say'; readonly who: number; readonly times: number }
  | { readonly kind: 'evict'; readonly what: 'room' | 'gateway' }
  | { readonly kind: 'cut'; readonly what: 'room' | 'gateway' }
  | { readonly kind: 'settle' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('say'), who: fc.nat(3), times: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('evict'), what: fc.constantFrom('room', 'gateway') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), what: fc.constantFrom('room', 'gateway') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle') }) },
)

interface Seen {
  readonly offset: number
  readonly id: string
}

/** A client that resumes with its last position whenever it is cut off, and sends again what was not acknowledged. */
class Client {
  readonly seen: Seen[] = []
  readonly acked = new Set<number>()
  readonly faults: string[] = []
  readonly #world: Objects
  readonly #room: string
  readonly #user: string
  readonly #isDirect: boolean
  readonly #unacked = new Map<string, string>()
  #peer: Peer | undefined
  #position: StreamPosition | undefined
  #ids = 0
  #running: Promise<void> | undefined
  #done = false
  #opened = false

  constructor(world: Objects, room: string, user: string, isDirect: boolean) {
    this.#world = world
    this.#room = room
    this.#user = user
    this.#isDirect = isDirect
  }

  async open(): Promise<void> {
    const query = this.#isDirect ? { room: this.#room } : {}
    const peer = await Peer.open(this.#world.served(), { user: this.#user, query })
    this.#peer = peer
    if (this.#isDirect) {
      const { position } = await peer.next('joined')
      if (this.#position) {
        await peer.leave(this.#room)
        // What came meanwhile belongs to the membership that the address asked for.
        while (peer.pending().length > 0) await peer.frame()
      }
      this.#position ??= position
    }
    if (!this.#isDirect || this.#opened) await this.#join(peer)
    this.#opened = true
    for (const [id, content] of this.#unacked) this.#send(id, content)
    this.#running = this.#read(peer)
  }

  async #join(peer: Peer): Promise<void> {
    const since = this.#position
    const joined = expectType(await peer.ask({ type: 'join', room: this.#room, ...(since ? { since } : {}) }), 'joined')
    if (since && !joined.recovered)
      this.faults.push(`not recovered from ${JSON.stringify(since)}: ${JSON.stringify(joined)}`)
    this.#position ??= joined.position
  }

  say(): void {
    const id = `${this.#user}-${++this.#ids}`
    this.#unacked.set(id, id)
    this.#send(id, id)
  }

  get isQuiet(): boolean {
    return this.#unacked.size === 0
  }

  get said(): number {
    return this.#ids
  }

  async close(): Promise<void> {
    this.#done = true
    this.#peer?.terminate()
    await this.#running
  }

  #send(id: string, content: string): void {
    this.#peer?.send({ type: 'chat', room: this.#room, content, id, ref: id })
  }

  async #read(peer: Peer): Promise<void> {
    for (;;) {
      let frame: ServerFrame
      try {
        frame = await peer.frame()
      } catch {
        return this.#reopen()
      }
      this.#take(frame)
    }
  }

  /** Cut off, perhaps again while it comes back. */
  async #reopen(): Promise<void> {
    while (!this.#done) {
      try {
        return await this.open()
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'gap' || frame.type === 'reset') this.faults.push(JSON.stringify(frame))
    if (frame.type === 'ack' && frame.position) {
      this.acked.add(frame.position.offset)
      this.#unacked.delete(String(frame.ref))
    }
    if (frame.type !== 'chat' || frame.offset === undefined || !this.#position) return
    this.seen.push({ offset: frame.offset, id: frame.content })
    this.#position = { epoch: this.#position.epoch, offset: frame.offset, id: frame.id }
  }
}

describe('random evictions', () => {
  const world = objects({ PARLOR_HISTORY_SIZE: '10000' })

  test('[ROOM-1] [ROOM-2] [ROOM-10] [ROOM-11] [ROOM-13] nothing is lost, doubled or out of order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const room = freshRoom()
        const clients = [0, 1, 2, 3].map((at) => new Client(world, room, `user-${at}`, at % 2 === 0))
        onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))))
        for (const client of clients) await client.open()
        for (const one of steps) await run(world, room, clients, one)
        await quiet(clients)
        const total = clients.reduce((sum, { said }) => sum + said, 0)
        const [first] = clients
        expect(clients.flatMap(({ faults }) => faults)).toEqual([])
        for (const client of clients) {
          expect(client.seen.map(({ offset }) => offset)).toEqual(Array.from({ length: total }, (_, at) => at + 1))
          expect(client.seen).toEqual(first?.seen)
          for (const offset of client.acked) expect(offset).toBeLessThanOrEqual(total)
        }
        expect(new Set(first?.seen.map(({ id }) => id)).size).toBe(total)
        await Promise.all(clients.map((client) => client.close()))
      }),
      { numRuns: 30, endOnFailure: true },
    )
  }, 180_000)
})

async function run(world: Objects, room: string, clients: readonly Client[], one: Step): Promise<void> {
  if (one.kind === 'say') for (let at = 0; at < one.times; at++) clients[one.who]?.say()
  else if (one.kind === 'settle') await new Promise((resolve) => setTimeout(resolve, 30))
  else {
    const object = one.what === 'room' ? `room:${room}` : GATEWAY
    // One that is not running has no memory to lose.
    await world.evict(object, one.kind === 'evict' ? 'hibernate' : 'close').catch(() => {})
  }
}

/** Everything is acknowledged and everybody has everything, or time is up, and the checks say what is missing. */
async function quiet(clients: readonly Client[]): Promise<void> {
  const end = Date.now() + 15_000
  const total = clients.reduce((sum, { said }) => sum + said, 0)
  while (Date.now() < end && clients.some((client) => !client.isQuiet || client.seen.length < total)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
