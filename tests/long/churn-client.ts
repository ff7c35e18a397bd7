/** A client over node:net that comes and goes as it is told, and looks at what it gets only to count it. */
import { connect, type Socket } from 'node:net'
import { closeFrame, frame } from '../contract/frames.ts'
import { handshake } from '../contract/handshake.ts'

/** What the server was seen to answer. */
export interface Tally {
  connected: number
  joined: number
  left: number
  acknowledged: number
  /** Connections that the server refused, or ended without being asked to. */
  refused: number
}

export const newTally = (): Tally => ({ connected: 0, joined: 0, left: 0, acknowledged: 0, refused: 0 })

/** Ways to go: with a close frame, without one, by a reset, by one in the middle of a frame, by a half-closed socket. */
export const ENDS = ['close', 'end', 'reset', 'cut', 'half'] as const
export type End = (typeof ENDS)[number]

export class ChurnClient {
  readonly #port: number
  readonly #tally: Tally
  #socket: Socket | undefined
  #rooms: string[] = []
  #closed: Promise<void> = Promise.resolve()

  constructor(port: number, tally: Tally) {
    this.#port = port
    this.#tally = tally
  }

  get isConnected(): boolean {
    return this.#socket !== undefined
  }

  /** The rooms that it asked to join. */
  get rooms(): readonly string[] {
    return this.#rooms
  }

  connect(): void {
    this.#rooms = []
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    socket.write(handshake(this.#port))
    socket.setEncoding('latin1')
    socket.on('data', (data: string) => this.#count(data))
    // A reset by the server, where it is not answered by one, shows as a close that nobody asked for.
    socket.on('error', () => {})
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        if (this.#socket === socket) {
          this.#socket = undefined
          this.#tally.refused++
        }
        resolve()
      })
    })
  }

  join(room: string): void {
    if (!this.#rooms.includes(room)) this.#rooms.push(room)
    this.#send({ type: 'join', room, history: 10, ref: 1 })
  }

  leave(room: string): void {
    this.#rooms = this.#rooms.filter((other) => other !== room)
    this.#send({ type: 'leave', room, ref: 1 })
  }

  chat(room: string, content: string): void {
    this.#send({ type: 'chat', room, content, ref: 1 })
  }

  /** Goes; the server is not waited for. */
  go(how: End): void {
    const socket = this.#socket
    this.#socket = undefined
    if (how === 'close') socket?.write(closeFrame(1000))
    else if (how === 'end') socket?.destroy()
    else if (how === 'half') socket?.end()
    else {
      if (how === 'cut') socket?.write(frame('cut off').subarray(0, 5))
      socket?.resetAndDestroy()
    }
  }

  /** The last connection that it had is over. */
  gone(): Promise<void> {
    return this.#closed
  }

  #send(message: object): void {
    this.#socket?.write(frame(JSON.stringify(message)))
  }

  /** What falls between two pieces is not counted: it is a tally, not a proof. */
  #count(data: string): void {
    this.#tally.connected += occurrences(data, '"type":"welcome"')
    this.#tally.joined += occurrences(data, '"type":"joined"')
    this.#tally.left += occurrences(data, '"type":"left"')
    this.#tally.acknowledged += occurrences(data, '"type":"ack"')
  }
}

const occurrences = (text: string, part: string): number => text.split(part).length - 1
