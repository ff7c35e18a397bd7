import { setImmediate } from 'node:timers/promises'
import { Hub } from '../../src/core/hub.ts'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { DEFAULT_LOG_LIMITS, DEFAULT_SETTINGS } from '../../src/core/settings.ts'
import { FakeLog, FakeLoop, SeededRandom } from './fake-loop.ts'
import { FakeTransport } from './fake-transport.ts'
import { Client, type Frame } from './fake-world.ts'
import { type Chance, NastyAdapter } from './nasty-adapter.ts'

/** Longer than any run. */
const LONG = 1e9
/** Of a log that never was. */
const NOWHERE = { epoch: 'of no log', offset: 1, id: 'x' }

/** A member that fails at the first frame that does not follow the one before. */
class Peer {
  readonly client: Client
  asked = 0
  answered = 0
  isIn = false
  epoch = ''
  offset = 0
  /** What it was told to be in its log, since that last became another one: ids by offset. */
  told = new Map<number, string>()
  newest: { readonly epoch: string; readonly offset: number; readonly id: string } | undefined

  constructor(client: Client) {
    this.client = client
  }

  ask(frame: Readonly<{ [field: string]: unknown }>): void {
    this.client.send({ ...frame, room: 'r', ref: ++this.asked })
  }

  /** Reads what came; answers the gaps and resets. */
  look(): (Frame<'gap'> | Frame<'reset'>)[] {
    const frames = this.client.take()
    for (const frame of frames) this.#follow(frame)
    return frames.filter((frame) => frame.type === 'gap' || frame.type === 'reset')
  }

  #follow(frame: ServerFrame): void {
    if ('ref' in frame) this.answered++
    if (frame.type === 'joined' || frame.type === 'left') this.isIn = frame.type === 'joined'
    if (frame.type === 'joined' || frame.type === 'reset') {
      const { epoch, offset, id } = frame.position
      Object.assign(this, { epoch, offset, told: new Map(id === undefined ? [] : [[offset, id]]) })
    } else if (frame.type === 'gap') {
      this.#next(frame.from)
      this.offset = frame.to
    } else if (frame.type === 'chat' && frame.offset !== undefined) {
      this.#next(frame.offset)
      this.told.set(frame.offset, frame.id)
      this.newest = { epoch: this.epoch, offset: frame.offset, id: frame.id }
    }
  }

  #next(offset: number): void {
    if (offset !== this.offset + 1) throw new Error(`[ROOM-2] ${offset} does not follow ${this.offset}`)
    this.offset = offset
  }
}

/** What the engine does beside answering late or never, out of order and not at all. */
type Trouble = 'none' | 'forks that are told' | 'forks' | 'lies' | 'lies for ever'
const TROUBLES: readonly Trouble[] = ['none', 'forks that are told', 'forks', 'forks', 'forks', 'lies', 'lies for ever']

/** One run of a hub with an engine that goes mad and becomes sane. */
export class NastyRun {
  readonly #chance: Chance
  readonly #loop = new FakeLoop()
  readonly #adapter: NastyAdapter
  readonly #hub: Hub
  readonly #peers: readonly Peer[]
  readonly #trouble: Trouble

  constructor(chance: Chance) {
    this.#chance = chance
    this.#trouble = TROUBLES[chance(TROUBLES.length)] ?? 'none'
    this.#adapter = new NastyAdapter(chance, 2 + chance(12))
    this.#adapter.isPrompt = chance(4) === 0
    if (this.#trouble === 'lies') this.#adapter.lies = 1 + chance(3)
    if (this.#trouble === 'lies for ever') this.#adapter.lies = Number.POSITIVE_INFINITY
    const size = 1 + chance(8)
    this.#hub = new Hub({
      clock: this.#loop,
      loop: this.#loop,
      random: new SeededRandom(),
      adapter: this.#adapter,
      log: new FakeLog(),
      settings: { ...DEFAULT_SETTINGS, heartbeat: { interval: LONG, grace: LONG } },
      hooks: {},
      limitsOf: () => ({ ...DEFAULT_LOG_LIMITS, size, ttl: LONG }),
      section: 1,
    })
    void this.#hub.start()
    this.#peers = [false, false, true].map((slow) => this.#connect(slow))
  }

  async storm(): Promise<void> {
    this.#peers[0]?.ask({ type: 'join' })
    for (let left = 20 + this.#chance(60); left > 0; left--) {
      this.#adapter.reads = 0
      this.#act()
      if (this.#chance(3)) await this.#rest()
      else await Promise.resolve()
      this.#look()
    }
  }

  /** All trouble ends: everybody is answered, and where the log is. */
  async calm(): Promise<void> {
    const adapter = this.#adapter
    adapter.isSane = true
    await this.#settle()
    if (!adapter.isKnown) {
      if (this.#chance(2)) adapter.restored()
      else adapter.append()
      await this.#settle()
    }
    for (const { asked, answered, isIn, epoch, offset, told } of this.#peers) {
      if (asked !== answered) throw new Error(`[WS-7] ${asked - answered} of ${asked} are not answered`)
      if (isIn) this.#compare(epoch, offset, told)
    }
  }

  /** Everybody goes: how many rooms and timers are left. */
  async end(): Promise<readonly [rooms: number, timers: number]> {
    for (const { client } of this.#peers) client.die()
    await this.#settle()
    const { size } = this.#hub.rooms
    this.#loop.leap(200_000)
    return [size, this.#loop.timers]
  }

  #connect(slow: boolean): Peer {
    const transport = new FakeTransport(this.#loop, { slow, ping: false })
    const identity = { user: { id: 'u', name: 'U' } }
    const connection = this.#hub.openJson(transport, identity, { authenticate: () => undefined })
    transport.hear = (text) => connection.text(text)
    return new Peer(new Client(transport, connection))
  }

  #act(): void {
    const chance = this.#chance
    const adapter = this.#adapter
    const peer = this.#peers[chance(this.#peers.length)]
    if (!peer) return
    const { transport } = peer.client
    const acts: readonly [weight: number, act: () => void][] = [
      [6, () => adapter.append()],
      [8, () => adapter.announce(chance(4) ? 0 : chance(adapter.announced.length), chance(8) > 0)],
      [4, () => adapter.answers.splice(chance(adapter.answers.length), 1)[0]?.()],
      [5, () => this.#join(peer)],
      [1, () => peer.isIn && peer.ask({ type: chance(2) ? 'leave' : 'history' })],
      [1, () => Object.assign(transport, { slow: true })],
      [1, () => transport.open()],
      [1, () => transport.ebb(chance(2000))],
      [1, () => this.#loop.advance(chance(3000))],
      [1, () => Array.from({ length: 12 }, () => adapter.append())],
      [1, () => adapter.transient()],
      [2, () => this.#misbehave()],
    ]
    let draw = chance(acts.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, act] of acts) {
      if (draw < weight) return void act()
      draw -= weight
    }
  }

  #join(peer: Peer): void {
    const since = [undefined, peer.newest, NOWHERE, NOWHERE][this.#chance(4)]
    peer.ask({ type: 'join', history: this.#chance(2) * this.#chance(8), ...(since && { since }) })
  }

  #misbehave(): void {
    const adapter = this.#adapter
    if (this.#trouble === 'none') return
    const how = this.#chance(8)
    if (how === 0) adapter.newEpoch()
    else if (how < 4 && this.#trouble !== 'forks that are told') adapter.fork()
    else if (how < 6) adapter.fork()
    else if (this.#trouble.startsWith('lies')) return adapter.fabricate()
    if (how > 3 || this.#trouble === 'forks that are told') adapter.restored()
  }

  #look(): void {
    for (const peer of this.#peers) {
      for (const frame of peer.look()) {
        const isTrue = frame.type === 'gap' && frame.to <= this.#adapter.floor
        if (this.#trouble === 'none' && !isTrue) throw new Error(`there was none: ${JSON.stringify(frame)}`)
      }
    }
  }

  #compare(epoch: string, offset: number, told: ReadonlyMap<number, string>): void {
    const { head } = this.#adapter
    if (epoch !== head.epoch || offset !== head.offset) {
      throw new Error(`[ROOM-3] at ${epoch} ${offset}, the log is at ${head.epoch} ${head.offset}`)
    }
    for (const [at, id] of told) {
      if (this.#shows(at === offset) && id !== this.#adapter.idAt(at)) throw new Error(`[ROOM-1] ${id} is not at ${at}`)
    }
  }

  /** What a fork has gone on from that nobody told of is found by its head alone; what a lie has put before a join is not. */
  #shows(isHead: boolean): boolean {
    return this.#trouble === 'none' || this.#trouble === 'forks that are told' || (this.#trouble === 'forks' && isHead)
  }

  async #settle(): Promise<void> {
    const adapter = this.#adapter
    for (let i = 0; i < 20; i++) {
      adapter.reads = 0
      for (const { client } of this.#peers) client.transport.open()
      while (adapter.announced.length > 0) adapter.announce(0, true)
      for (const answer of adapter.answers.splice(0)) answer()
      await this.#rest()
      this.#loop.advance(1500)
      await this.#rest()
      this.#look()
    }
  }

  async #rest(): Promise<void> {
    await setImmediate()
    this.#loop.rest()
  }
}
