import type { Batch } from '../../src/core/batch.ts'
import type { EventLoop } from '../../src/core/clock.ts'
import type { CloseReason } from '../../src/core/close-codes.ts'
import type { Kept } from '../../src/core/kept.ts'
import { byteLength } from '../../src/core/text.ts'
import type { Transport } from '../../src/core/transport.ts'

export interface TransportOptions {
  /** `parlor.v1.batch` was agreed to. */
  readonly joined?: boolean
  /** The kernel takes nothing until the test says so. */
  readonly slow?: boolean
  /** The runtime leaves pings to the core. */
  readonly ping?: boolean
  /** The runtime can stop reading. */
  readonly pause?: boolean
  /** The socket may outlive the server's memory. */
  readonly keep?: boolean
}

/** One side of a socket pair: what the server sends is recorded, what its peer sends is passed on unless reading is paused. */
export class FakeTransport implements Transport {
  readonly texts: string[] = []
  /** What was sent, by WebSocket frame. */
  readonly frames: string[] = []
  /** What was sent after the server closed it: nothing ever should be. */
  readonly late: string[] = []
  /** How often something was given to the kernel. */
  writes = 0
  /** What was asked of the socket beside sending, in order. */
  readonly acts: string[] = []
  closed: CloseReason | undefined
  terminated = false
  pings = 0
  /** Sends and pings throw. */
  broken = false
  /** The peer is gone; nobody closed the socket. */
  gone = false
  /** The kernel takes nothing by itself. */
  slow: boolean
  /** The most that ever waited. */
  peak = 0
  /** What the connection is, as it was last kept. */
  kept: Kept | undefined
  /** Hears what the peer sends. */
  hear: (text: string) => void = () => {}
  readonly ping?: () => void
  readonly pause?: () => void
  readonly resume?: () => void
  readonly keep?: (kept: Kept) => void
  readonly #loop: EventLoop
  readonly #joined: boolean
  readonly #unread: string[] = []
  #drained: (() => void)[] = []
  #buffered = 0
  #paused = false
  #corked = false
  #isHeld = false

  constructor(
    loop: EventLoop,
    { joined = false, slow = false, ping = true, pause = true, keep = false }: TransportOptions = {},
  ) {
    this.#loop = loop
    this.#joined = joined
    this.slow = slow
    if (ping) {
      this.ping = () => {
        if (this.broken) throw new Error('the socket is closed')
        this.pings++
        this.acts.push('ping')
      }
    }
    if (keep) {
      this.keep = (kept) => {
        this.kept = kept
      }
    }
    if (!pause) return
    this.pause = () => {
      this.#paused = true
      this.acts.push('pause')
    }
    this.resume = () => {
      this.#paused = false
      this.acts.push('resume')
      loop.endOfTurn(() => this.#read())
    }
  }

  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    this.#corked = false
    if (this.#isHeld) this.writes++
    this.#isHeld = false
  }

  get isPaused(): boolean {
    return this.#paused
  }

  get isOpen(): boolean {
    return this.closed === undefined && !this.terminated && !this.gone
  }

  send(text: string): void {
    this.#hand([text], [text])
  }

  sendBatch(batch: Batch): void {
    this.#hand(this.#joined ? [batch.joined] : batch.texts, batch.texts)
  }

  buffered(): number {
    return this.#buffered
  }

  whenDrained(task: () => void): void {
    this.#drained.push(task)
    if (this.#buffered === 0) this.#loop.endOfTurn(() => this.#tellDrained())
  }

  close(code: number, reason: string): void {
    this.acts.push(`close ${code}`)
    this.closed ??= { code, reason }
  }

  terminate(): void {
    this.acts.push('terminate')
    this.terminated = true
  }

  /** The kernel takes so many bytes, or all. */
  take(bytes: number = Number.POSITIVE_INFINITY): void {
    const before = this.#buffered
    this.#buffered = Math.max(0, before - bytes)
    if (this.#buffered < before || before === 0) this.#tellDrained()
  }

  /** The same, but the server hears of it in the next turn only. */
  ebb(bytes: number): void {
    this.#buffered = Math.max(0, this.#buffered - bytes)
    this.#loop.endOfTurn(() => this.#tellDrained())
  }

  /** From now on the kernel takes everything at once. */
  open(): void {
    this.slow = false
    this.take()
  }

  /** The peer sends a text: it is read unless reading is paused. */
  arrive(text: string): void {
    if (this.#paused || this.#unread.length > 0) this.#unread.push(text)
    else this.hear(text)
  }

  #read(): void {
    while (!this.#paused && this.#unread.length > 0) {
      const text = this.#unread.shift()
      if (text !== undefined) this.hear(text)
    }
  }

  #tellDrained(): void {
    const tasks = this.#drained
    this.#drained = []
    if (this.isOpen) for (const task of tasks) task()
  }

  #hand(frames: readonly string[], texts: readonly string[]): void {
    if (this.broken || this.gone) throw new Error('the socket is closed')
    if (!this.isOpen) {
      this.late.push(...texts)
      return
    }
    if (this.#corked) this.#isHeld = true
    else this.writes++
    this.frames.push(...frames)
    this.texts.push(...texts)
    for (const frame of frames) this.#buffered += byteLength(frame)
    if (!this.slow) this.#buffered = 0
    this.peak = Math.max(this.peak, this.#buffered)
  }
}
