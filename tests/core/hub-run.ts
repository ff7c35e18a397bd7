import { TURN_ALLOWANCE } from '../../src/core/outbox.ts'
import { MAX_REPLIES } from '../../src/core/waiting-texts.ts'
import { type Client, type ClientOptions, World } from './fake-world.ts'
import { type Command, type Do, ROOMS } from './hub-commands.ts'
import { Observer, Record } from './observer.ts'

const CLIENTS: readonly ClientOptions[] = [
  { user: 'fast', joined: true },
  { user: 'slow', slow: true, pause: false },
  { user: 'both', ping: false },
]
/** What a socket that takes nothing may hold: one turn's allowance, and the batch and text that were under way. */
const MOST_BUFFERED = TURN_ALLOWANCE + 64 * 1024 + 41_000

/** One run of commands against a hub, checked after each of them. */
export class HubRun {
  readonly world = new World({ logs: { size: 20, ttl: 20_000, bytes: 300_000 } })
  readonly #record = new Record()
  readonly #observers: Observer[]
  /** Clients whose socket always took everything. */
  readonly #unhindered = new Set<Client>()
  #held: (() => void)[] = []
  #ref = 0
  /** No announcement and no answer went wrong: then nobody falls off whose socket takes everything. */
  #isCalm = true

  constructor() {
    this.#observers = CLIENTS.map((options) => this.#connect(options))
  }

  async apply(command: Command): Promise<void> {
    switch (command.do) {
      case 'join':
        this.#ask(command.who, { type: 'join', room: command.room, history: command.history })
        break
      case 'leave':
        this.#ask(command.who, { type: 'leave', room: command.room })
        break
      case 'publish':
        this.#publish(command)
        break
      case 'burst':
        await this.#burst(command)
        break
      case 'ping':
        for (let i = 0; i < command.count; i++) this.#ask(command.who, { type: 'ping' })
        break
      case 'socket':
        this.#socket(command)
        break
      case 'take':
        this.#observer(command.who).client.transport.ebb(command.bytes)
        break
      case 'turn':
        this.world.loop.turn()
        break
      case 'time':
        this.world.loop.advance(command.ms)
        break
      default:
        this.#trouble(command)
    }
    await Promise.resolve()
    this.check()
  }

  check(): void {
    for (const observer of this.#observers) {
      const { transport, connection } = observer.client
      observer.look()
      if (connection.outbox.unflushed > MAX_REPLIES) throw new Error(`[CONN-2] ${connection.outbox.unflushed} replies`)
      if (transport.peak > MOST_BUFFERED) throw new Error(`[CONN-2] ${transport.peak} bytes in a socket's buffer`)
      if (this.#isCalm && this.#unhindered.has(observer.client) && observer.gaps.length > 0) {
        throw new Error(`[ROOM-6] fell off: ${JSON.stringify(observer.gaps[0])}`)
      }
    }
    const error = this.world.log.lines.find((line) => line.startsWith('error'))
    if (error !== undefined) throw new Error(error)
  }

  /** All trouble ends: then everybody is where the log is, and every request has been answered. */
  async calmDown(): Promise<void> {
    const { adapter } = this.world
    adapter.delays = () => false
    adapter.fails = () => undefined
    this.#carry('well')
    await this.#settle()
    for (const room of ROOMS) await this.world.publish(room, 'the end')
    await this.#settle()
    for (const { client, unanswered, places } of this.#observers) {
      if (!client.connection.isOpen) continue
      if (unanswered.length > 0) throw new Error(`[WS-7] not answered: ${unanswered.join()}`)
      for (const [room, { epoch, offset }] of places) {
        const { head } = await adapter.history(room, { epoch, offset: 0 }, 0)
        if (epoch !== head.epoch || offset !== head.offset) {
          throw new Error(`[ROOM-3] in ${room} at ${epoch} ${offset}, the log is at ${head.epoch} ${head.offset}`)
        }
      }
    }
  }

  /** Everybody goes: what is left, by name. */
  async end(): Promise<{ [what: string]: number }> {
    const { hub, adapter, loop } = this.world
    for (const { client } of this.#observers) client.die()
    await this.#settle()
    const { connections } = hub
    for (let i = 0; i < 4; i++) loop.leap(200_000)
    return { connections, rooms: hub.rooms.size, logs: adapter.size, timers: loop.timers }
  }

  async #settle(): Promise<void> {
    for (const { client } of this.#observers) client.transport.open()
    for (let i = 0; i < 6; i++) {
      this.world.adapter.release()
      await this.world.rest()
      this.world.loop.advance(1100)
      this.check()
    }
  }

  #connect(options: ClientOptions): Observer {
    const client = this.world.connect(options)
    if (!options.slow) this.#unhindered.add(client)
    return new Observer(client, this.#record)
  }

  /** The client of this number; a new one in its place where its connection has ended. */
  #observer(who: number): Observer {
    const observer = this.#observers[who]
    const options = CLIENTS[who]
    if (!observer || !options) throw new RangeError(`there is no client ${who}`)
    if (observer.client.connection.isOpen) return observer
    observer.look()
    const next = this.#connect(options)
    this.#observers[who] = next
    return next
  }

  #ask(who: number, frame: Readonly<{ [field: string]: unknown }>): void {
    this.#observer(who).send(frame, this.#ref++)
  }

  #publish({ who, room, kind, bytes }: Do<'publish'>): void {
    const content = `${this.#ref}`.padEnd(bytes, 'x')
    const id = `${bytes % 5}`
    if (kind === 'event') this.#ask(who, { type: 'event', room, name: 'n', data: [content] })
    else if (kind === 'retry') this.#ask(who, { type: 'chat', room, id, content: `retry ${id}` })
    else this.#ask(who, { type: 'chat', room, content, transient: kind === 'transient' })
  }

  /** Publishes from outside, which is nothing that slow answers could hold up. */
  async #burst({ room, count, bytes }: Do<'burst'>): Promise<void> {
    const { delays, fails } = this.world.adapter
    this.world.adapter.delays = () => false
    this.world.adapter.fails = () => undefined
    const done = Array.from({ length: count }, (_, i) =>
      this.world.publish(room, `${this.#ref} ${i}`.padEnd(bytes, 'x')),
    )
    Object.assign(this.world.adapter, { delays, fails })
    await Promise.all(done)
  }

  #socket({ who, act }: Do<'socket'>): void {
    const { client } = this.#observer(who)
    if (act === 'die') client.die()
    else if (act === 'open') client.transport.open()
    else if (act === 'break') client.transport.broken = true
    else {
      client.transport.slow = true
      this.#unhindered.delete(client)
    }
  }

  #trouble(command: Do<'delay' | 'release' | 'fail' | 'carry' | 'epoch'>): void {
    const { adapter } = this.world
    this.#isCalm = false
    if (command.do === 'delay') adapter.delays = (call) => call === command.call
    else if (command.do === 'release') adapter.release(command.count)
    else if (command.do === 'carry') this.#carry(command.how)
    else if (command.do === 'fail') {
      let left = 1
      adapter.fails = (call) => (call === command.call && left-- > 0 ? new Error('down') : undefined)
    } else {
      this.#held = []
      adapter.newEpoch()
    }
  }

  /** How announcements are carried from now on. What was held comes now, the newest first. */
  #carry(how: Do<'carry'>['how']): void {
    for (const announce of this.#held.splice(0).reverse()) announce()
    this.world.adapter.carry = (announce) => {
      if (how === 'hold' || (how === 'swap' && this.#held.length === 0)) this.#held.push(announce)
      else if (how !== 'drop') announce()
      if (how === 'repeat') announce()
      if (how === 'swap') for (const earlier of this.#held.splice(0, this.#held.length - 1)) earlier()
    }
  }
}
