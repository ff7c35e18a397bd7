import type { Connection } from '../../../src/core/connection.ts'
import type { Chance } from '../chance.ts'
import type { Process } from '../process.ts'
import type { Recorder } from '../recorder.ts'
import type { Scheduler } from '../scheduler.ts'
import type { FrameReader } from './frames.ts'
import { Pipe } from './pipe.ts'

/** What the client's side of a socket hears. */
export interface SocketHandlers {
  open(): void
  /** One WebSocket frame. */
  message(data: string): void
  close(code: number, reason: string): void
}

export interface WireDeps {
  readonly scheduler: Scheduler
  readonly chance: Chance
  readonly recorder: Recorder
  readonly reader: FrameReader
  /** ms on the way, on average. */
  readonly delay: number
  /** Bytes that the network and the client's kernel take before the hub's buffer grows. */
  readonly window: number
  /** ms after which the hub's runtime drops a dead peer by itself; absent where it leaves that to the hub. */
  readonly drops: number | undefined
  /** The hub's side is over and done with. */
  readonly forgotten: () => void
}

type Down =
  | { readonly kind: 'open' }
  | { readonly kind: 'frame'; readonly data: string; readonly texts: readonly string[] }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

type Up = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'pong' } | { readonly kind: 'close' }

/** Who notices that a connection broke. */
export type Notice = 'both' | 'hub' | 'client' | 'nobody'

/** ms after which a client's own closing handshake counts as failed. */
const CLOSING_PATIENCE = 3000

/** One connection between a client and a hub: both directions, and how it can end. */
export class Wire {
  readonly id: number
  readonly client: Process
  readonly hub: Process
  readonly down: Pipe<Down>
  readonly up: Pipe<Up>
  readonly #deps: WireDeps
  readonly #handlers: SocketHandlers
  /** Absent until the hub has accepted. */
  connection: Connection | undefined
  /** The most that ever waited at the hub, as it counts it. */
  peak = 0
  /** The client has heard of the end. */
  #isOver = false
  /** The hub's runtime has heard of the end. */
  #isGone = false
  #isClosing = false

  constructor(id: number, client: Process, hub: Process, handlers: SocketHandlers, deps: WireDeps) {
    const { scheduler, chance, window } = deps
    const delay = (): number => chance.around(deps.delay)
    this.id = id
    this.client = client
    this.hub = hub
    this.#handlers = handlers
    this.#deps = deps
    this.down = new Pipe({ scheduler, delay, window, arrive: (item) => client.enter(() => this.#atClient(item)) })
    this.up = new Pipe({ scheduler, delay, arrive: (item) => hub.enter(() => this.#atHub(item)) })
  }

  /** The hub's runtime knows that the socket is gone. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** The client says something. */
  say(text: string): void {
    if (this.#isOver || this.#isClosing) return
    const { reader, recorder } = this.#deps
    const read = reader.ofClient(text)
    if ('frame' in read) recorder.see({ what: 'asked', conn: this.id, frame: read.frame })
    else recorder.see({ what: 'malformed', conn: this.id, text, why: read.why })
    this.up.push({ kind: 'text', text })
  }

  /** The client closes: what it sent before arrives first. */
  close(): void {
    if (this.#isOver || this.#isClosing) return
    this.#isClosing = true
    this.up.push({ kind: 'close' })
    this.#deps.scheduler.after(CLOSING_PATIENCE, () => {
      if (this.#isOver) return
      this.cut('nobody')
      this.client.enter(() => this.#end(1006, ''))
    })
  }

  /** The connection breaks: what is on the way is lost, in both directions. */
  cut(notice: Notice): void {
    this.up.cut()
    this.down.cut()
    const { drops, scheduler } = this.#deps
    if (notice === 'both' || notice === 'hub') this.#tell(this.hub, () => this.gone())
    else if (drops !== undefined) scheduler.after(drops, () => this.hub.enter(() => this.gone()))
    if (notice === 'both' || notice === 'client') this.#tell(this.client, () => this.#end(1006, ''))
  }

  /** The hub's process has died. What its kernel had to send arrives, unless the machine died too. */
  orphan(isUnnoticed: boolean): void {
    this.up.cut()
    if (isUnnoticed) return this.down.cut()
    this.down.seal()
    this.down.push({ kind: 'close', code: 1006, reason: '' })
  }

  /** The hub's runtime hears that the socket is gone. */
  gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#deps.recorder.see({ what: 'ended', conn: this.id, code: undefined })
    this.connection?.closed()
    this.#deps.forgotten()
  }

  /** The client's process has died. Its kernel says so, unless the machine died too. */
  abandon(isUnnoticed: boolean): void {
    this.#isOver = true
    if (isUnnoticed) this.cut('nobody')
    else this.up.push({ kind: 'close' })
  }

  #tell(process: Process, task: () => void): void {
    this.#deps.scheduler.after(this.#deps.chance.around(100), () => process.enter(task))
  }

  #atClient(item: Down): void {
    if (this.#isOver) return
    switch (item.kind) {
      case 'open':
        return this.#handlers.open()
      case 'ping':
        return this.up.push({ kind: 'pong' })
      case 'close':
        this.up.push({ kind: 'close' })
        return this.#end(item.code, item.reason)
      case 'frame':
        return this.#frame(item.data, item.texts)
    }
  }

  #frame(data: string, texts: readonly string[]): void {
    if (this.#isClosing) return
    for (const text of texts) {
      const read = this.#deps.reader.ofServer(text)
      if ('frame' in read) this.#deps.recorder.see({ what: 'received', conn: this.id, frame: read.frame })
    }
    this.#handlers.message(data)
  }

  #atHub(item: Up): void {
    if (this.#isGone) return
    if (item.kind === 'pong') return this.connection?.alive()
    if (item.kind === 'text') return this.#heard(item.text)
    this.gone()
    this.#tell(this.client, () => this.#end(1005, ''))
  }

  #heard(text: string): void {
    const read = this.#deps.reader.ofClient(text)
    if ('frame' in read) this.#deps.recorder.see({ what: 'heard', conn: this.id, frame: read.frame })
    this.connection?.text(text)
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deps.recorder.see({ what: 'gone', conn: this.id, code })
    this.#handlers.close(code, reason)
  }
}
