/** A member that reads: it counts what it is sent, notes every hole, and may publish. */
import * as v from 'valibot'
import { WebSocket } from 'ws'
import { ServerFrame } from '../../src/core/protocol.ts'
import type { Served } from '../contract/fixtures.ts'
import { Waiting } from '../contract/waiting.ts'

export class Reader {
  readonly #socket: WebSocket
  readonly #room: string
  readonly #waiting: Waiting
  readonly #acks = new Set<number>()
  readonly #holes: string[] = []
  readonly #delays: number[] = []
  #joined = false
  #last = 0
  #refs = 0
  #end: string | undefined

  private constructor(socket: WebSocket, room: string) {
    this.#socket = socket
    this.#room = room
    this.#waiting = new Waiting(
      () => this.#end !== undefined,
      () => `everything up to ${this.#last}, ${this.#end ?? 'open'}`,
    )
    socket.on('message', (data) => {
      for (const text of data.toString().split('\n')) this.#take(v.parse(ServerFrame, JSON.parse(text)))
      this.#waiting.wake()
    })
    const end = (why: string): void => {
      this.#end ??= why
      this.#waiting.wake()
    }
    socket.on('error', (reason) => end(reason.message))
    socket.on('close', (code, reason) => end(`closed with ${code} ${reason.toString()}`))
  }

  /** Connects and joins. */
  static async join(served: Served, room: string, protocols: readonly string[] = []): Promise<Reader> {
    const url = `${served.url.replace('http', 'ws')}/ws?room=${room}`
    const reader = new Reader(new WebSocket(url, [...protocols], { perMessageDeflate: false }), room)
    await reader.#waiting.wait({ what: 'joined', take: () => reader.#joined || undefined })
    return reader
  }

  /** What did not follow on what came before it: none, where nothing was lost. */
  get holes(): readonly string[] {
    return this.#holes
  }

  /** ms from the publish to the receipt of every publication that `publish` made. */
  get delays(): readonly number[] {
    return this.#delays
  }

  /** Publishes a text of `size` characters that says when it was sent, and answers when it was acknowledged. */
  publish(size: number): Promise<true> {
    const ref = ++this.#refs
    const content = `${performance.now()} `.padEnd(size, 'x')
    this.#socket.send(JSON.stringify({ type: 'chat', room: this.#room, content, ref }))
    return this.#waiting.wait({ what: `the ack of ${ref}`, take: () => this.#acks.delete(ref) || undefined })
  }

  /** Answers when everything up to `offset` was received or declared lost. */
  reached(offset: number): Promise<true> {
    return this.#waiting.wait({ what: `publication ${offset}`, take: () => this.#last >= offset || undefined })
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'joined') {
      this.#joined = true
      this.#last = frame.position.offset
    } else if (frame.type === 'ack') {
      if (typeof frame.ref === 'number') this.#acks.add(frame.ref)
    } else if (frame.type === 'chat') {
      if (frame.offset !== this.#last + 1) this.#holes.push(`${frame.offset} after ${this.#last}`)
      this.#last = frame.offset ?? this.#last
      const sent = Number.parseFloat(frame.content)
      this.#delays.push(performance.now() - sent)
    } else if (frame.type !== 'welcome') this.#holes.push(JSON.stringify(frame))
  }
}
