import type { Batch } from '../../../src/core/batch.ts'
import type { Transport } from '../../../src/core/transport.ts'
import type { Recorder } from '../recorder.ts'
import type { FrameReader } from './frames.ts'
import type { Wire } from './wire.ts'

export interface ServerEndOptions {
  /** `parlor.v1.batch` was agreed to. */
  readonly batches: boolean
  /** The runtime leaves pings to the core. */
  readonly pings: boolean
  /** The runtime can stop reading. */
  readonly pauses: boolean
  /** Every byte counts as so many, so that a few small messages fill a socket. */
  readonly scale: number
}

/** The hub's side of a wire. */
export class ServerEnd implements Transport {
  readonly ping?: () => void
  readonly pause?: () => void
  readonly resume?: () => void
  readonly #wire: Wire
  readonly #recorder: Recorder
  readonly #reader: FrameReader
  readonly #options: ServerEndOptions
  #drained: (() => void)[] = []
  #isClosed = false

  constructor(wire: Wire, recorder: Recorder, reader: FrameReader, options: ServerEndOptions) {
    this.#wire = wire
    this.#recorder = recorder
    this.#reader = reader
    this.#options = options
    wire.down.eased = () => wire.hub.enter(() => this.#tellDrained())
    if (options.pings) this.ping = () => wire.down.push({ kind: 'ping' })
    if (!options.pauses) return
    this.pause = () => wire.up.stop('paused')
    this.resume = () => wire.up.go('paused')
  }

  send(text: string): void {
    this.#hand(text, [text])
  }

  sendBatch(batch: Batch): void {
    if (this.#options.batches) this.#hand(batch.joined, batch.texts)
    else for (const text of batch.texts) this.#hand(text, [text])
  }

  buffered(): number {
    return this.#wire.down.waiting * this.#options.scale
  }

  whenDrained(task: () => void): void {
    this.#drained.push(task)
    if (this.buffered() === 0) this.#wire.hub.endOfTurn(() => this.#tellDrained())
  }

  close(code: number, reason: string): void {
    if (this.#isClosed || this.#wire.isGone) return
    this.#isClosed = true
    this.#recorder.see({ what: 'ended', conn: this.#wire.id, code })
    this.#wire.down.push({ kind: 'close', code, reason })
  }

  terminate(): void {
    this.#isClosed = true
    this.#wire.cut('both')
  }

  #hand(data: string, texts: readonly string[]): void {
    if (this.#wire.hub.isDead) return
    if (this.#wire.isGone) throw new Error('the socket is closed')
    for (const text of texts) this.#record(text)
    if (this.#isClosed) return
    this.#wire.down.push({ kind: 'frame', data, texts }, data.length)
    this.#wire.peak = Math.max(this.#wire.peak, this.buffered())
  }

  #record(text: string): void {
    const conn = this.#wire.id
    const read = this.#reader.ofServer(text)
    if (this.#isClosed) this.#recorder.see({ what: 'late', conn, text })
    else if ('frame' in read) this.#recorder.see({ what: 'sent', conn, frame: read.frame })
    else this.#recorder.see({ what: 'malformed', conn, text, why: read.why })
  }

  #tellDrained(): void {
    const tasks = this.#drained
    this.#drained = []
    if (this.#isClosed || this.#wire.isGone) return
    for (const task of tasks) task()
  }
}
