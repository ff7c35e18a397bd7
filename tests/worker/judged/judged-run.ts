import type { Served } from '../../contract/fixtures.ts'
import { token } from '../../contract/peer.ts'
import { Chance } from '../../simulation/chance.ts'
import { check } from '../../simulation/checker/check.ts'
import type { Violation } from '../../simulation/checker/violation.ts'
import { ScriptedClient } from '../../simulation/clients/scripted-client.ts'
import { SdkClient } from '../../simulation/clients/sdk-client.ts'
import type { SimClient } from '../../simulation/clients/sim-client.ts'
import type { AppEvent, Fact } from '../../simulation/facts.ts'
import { FrameReader } from '../../simulation/network/frames.ts'
import { Process } from '../../simulation/process.ts'
import { Recorder } from '../../simulation/recorder.ts'
import { logFacts } from './log-facts.ts'
import { realSocket } from './real-socket.ts'
import { RealTime } from './real-time.ts'

/** ms until everybody must have everything, when all trouble is over. */
const CALM = 20_000
/** ms for which a log remembers client ids. */
const DEDUPE_WINDOW = 300_000

export interface JudgedOptions {
  readonly seed: number
  readonly rooms: readonly string[]
  /** Where the server is now. */
  readonly served: () => Served
  /** Of each client: the query of its address. */
  readonly clients: readonly Readonly<Record<string, string>>[]
}

/** Real clients on real sockets, the SDK's and the simplest there can be, and the simulation's checker to judge what they were told. */
export class JudgedRun {
  readonly clients: readonly SimClient[]
  readonly #options: JudgedOptions
  readonly #time = new RealTime()
  readonly #recorder = new Recorder(this.#time.scheduler)
  readonly #reader = new FrameReader()
  readonly #chance: Chance
  readonly #heard = new Map<string, Set<number>>()
  #conns = 0
  #messages = 0

  private constructor(options: JudgedOptions, tokens: readonly string[]) {
    this.#options = options
    this.#chance = new Chance(options.seed)
    this.clients = tokens.map((jwt, number) => this.#client(number, jwt))
  }

  static async begin(options: JudgedOptions): Promise<JudgedRun> {
    const tokens = await Promise.all(options.clients.map((_, at) => token({ sub: `user-${at}` })))
    const run = new JudgedRun(options, tokens)
    for (const client of run.clients) for (const room of options.rooms) client.join(room)
    return run
  }

  say(client: number, room: number, times: number): void {
    for (let at = 0; at < times; at++) {
      const kind = this.#chance.pick(['chat', 'chat', 'event'] as const)
      this.clients[client]?.publish(this.#options.rooms[room] ?? '', kind, `${client}.${this.#messages++}`)
    }
  }

  /** Reads a page of a room's log, or leaves the room and comes back. */
  visit(client: number, room: number, isBrief: boolean): void {
    const name = this.#options.rooms[room] ?? ''
    if (!isBrief) this.clients[client]?.leave(name)
    this.clients[client]?.join(name)
    if (isBrief) this.clients[client]?.history(name)
  }

  /** Waits until all is calm, and judges. */
  async judge(): Promise<{ readonly violations: readonly Violation[]; readonly facts: readonly Fact[] }> {
    await this.#calm()
    const { recorder, logs } = { recorder: this.#recorder, logs: await this.#logs() }
    recorder.see({ what: 'calm' })
    for (const [number, { conn, rooms, unsettled }] of this.clients.entries()) {
      recorder.see({ what: 'expected', client: `client-${number}`, conn, rooms, unsettled })
    }
    const facts = [...logs, ...recorder.facts]
    const memory = {
      replies: Number.POSITIVE_INFINITY,
      requests: Number.POSITIVE_INFINITY,
      buffered: Number.POSITIVE_INFINITY,
    }
    return { violations: check(facts, { dedupeWindow: DEDUPE_WINDOW, memory }), facts }
  }

  async end(): Promise<void> {
    for (const client of this.clients) client.close()
    await this.#time.end()
  }

  /** Everybody has the last word of every room; or time is up, and the checker says who has not. */
  async #calm(): Promise<void> {
    const until = Date.now() + CALM
    const isSettled = (): boolean =>
      this.clients.every(({ conn, unsettled }) => conn !== undefined && unsettled.length === 0)
    while (!isSettled() && Date.now() < until) await pause()
    for (const [number, room] of this.#options.rooms.entries()) {
      const last = `last word in ${room}`
      this.clients[number % this.clients.length]?.publish(room, 'chat', last)
      while ((this.#heard.get(last)?.size ?? 0) < this.clients.length && Date.now() < until) await pause()
    }
    while (!isSettled() && Date.now() < until) await pause()
  }

  async #logs(): Promise<Fact[]> {
    const { rooms, served } = this.#options
    const logs = await Promise.all(rooms.map((room, at) => logFacts(served(), room, at, this.#time.began)))
    return logs.flat()
  }

  #client(number: number, jwt: string): SimClient {
    const chance = this.#chance.fork()
    const client = `client-${number}`
    const deps = {
      process: new Process(this.#time.scheduler, chance),
      chance,
      recorder: this.#recorder,
      read: (text: string) => this.#reader.ofServer(text),
      kept: new Map(),
      report: (room: string, event: AppEvent) => {
        this.#recorder.see({ ...event, what: 'app', client, room })
        if (event.event === 'publication') this.#hear(event.content, number)
      },
      connect: (
        handlers: Parameters<typeof realSocket>[1],
        { batches, session }: { batches: boolean; session: string | undefined },
      ) => {
        const conn = ++this.#conns
        const url = new URL('/ws', this.#options.served().url.replace(/^http/, 'ws'))
        const query = { ...this.#options.clients[number], token: jwt, ...(session === undefined ? {} : { session }) }
        for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
        // Which connection a session stands for is known to the server alone, where objects are many.
        this.#recorder.see({ what: 'opened', conn, client, user: `user-${number}`, hub: 'workerd', session: undefined })
        return realSocket({ conn, url, batches, recorder: this.#recorder, reader: this.#reader }, handlers)
      },
    }
    return number % 2 === 0 ? new SdkClient(deps) : new ScriptedClient(deps)
  }

  #hear(content: string, client: number): void {
    const heard = this.#heard.get(content) ?? new Set()
    this.#heard.set(content, heard.add(client))
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))
