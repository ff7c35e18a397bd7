import type { Ref, User } from '../core/protocol.ts'
import type { Reply } from './frames.ts'
import type { Socket } from './socket.ts'

/** What waits for the answer to a request. One of the two is called, once. */
export interface Asked {
  readonly answered: (reply: Reply) => void
  /** The connection is gone; what was asked may have been done. */
  readonly lost: () => void
}

/** Something that has requests to send when there is room for them. */
export interface Sender {
  /** Sends the next one. False: there is none that can be sent now. */
  sendNext(): boolean
}

/** What the server said about this connection in its `welcome`. */
export interface Terms {
  readonly user: User
  /** Bytes of a frame. */
  readonly message: number
  /** Requests that may be unanswered. */
  readonly pending: number
}

/**
 * The requests on one connection: numbered, matched with their replies, and never more under way than the server takes.
 * Joins and the like come before publishes; senders take turns.
 */
export class Wire {
  readonly user: User
  /** How many requests one sender may have under way; joins and the like together may have as many. */
  readonly share: number
  readonly #socket: Socket
  readonly #maxBytes: number
  readonly #window: number
  readonly #asked = new Map<number, Asked>()
  readonly #urgent: { readonly frame: object; readonly asked: Asked }[] = []
  /** The refs of those under way. */
  readonly #urgentRefs = new Set<number>()
  readonly #senders = new Set<Sender>()
  #refs = 0
  #isPumping = false

  constructor(socket: Socket, { user, message, pending }: Terms) {
    this.#socket = socket
    this.user = user
    this.#maxBytes = message
    this.#window = Math.max(1, Math.floor(Math.min(pending, 32) * 0.75))
    this.share = Math.max(1, Math.floor(this.#window * 0.67))
  }

  /** Sends `frame` as soon as there is room, before what senders have. */
  ask(frame: object, asked: Asked): void {
    this.#urgent.push({ frame, asked })
    this.pump()
  }

  /** `sender` has something to send. */
  want(sender: Sender): void {
    this.#senders.add(sender)
    this.pump()
  }

  /** Text of the next request. `rest`: its JSON without the opening brace. */
  textOf(rest: string): string {
    return `{"ref":${this.#refs + 1},${rest}`
  }

  isTooLarge(text: string): boolean {
    // No character takes more than three bytes a unit.
    return text.length * 3 > this.#maxBytes && new TextEncoder().encode(text).length > this.#maxBytes
  }

  /** Sends what `textOf` made. False: the socket takes nothing any more. */
  post(text: string, asked: Asked): boolean {
    if (!this.#socket.send(text)) return false
    this.#asked.set(++this.#refs, asked)
    return true
  }

  /** A frame with this `ref` came. False: nobody asked. */
  answer(ref: Ref, reply: Reply): boolean {
    const asked = this.#asked.get(Number(ref))
    if (!asked) return false
    this.#asked.delete(Number(ref))
    this.#urgentRefs.delete(Number(ref))
    asked.answered(reply)
    this.pump()
    return true
  }

  close(): void {
    const lost = [...this.#asked.values(), ...this.#urgent.map(({ asked }) => asked)]
    this.#asked.clear()
    this.#urgent.length = 0
    this.#senders.clear()
    for (const asked of lost) asked.lost()
  }

  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#asked.size < this.#window && (this.#sendUrgent() || this.#sendNext()));
    this.#isPumping = false
  }

  #sendUrgent(): boolean {
    const next = this.#urgent[0]
    if (!next || this.#urgentRefs.size >= this.share) return false
    if (!this.post(this.textOf(JSON.stringify(next.frame).slice(1)), next.asked)) return false
    this.#urgentRefs.add(this.#refs)
    this.#urgent.shift()
    return true
  }

  /** Lets the sender whose turn it is send; it goes to the end of the line. */
  #sendNext(): boolean {
    for (const sender of this.#senders) {
      this.#senders.delete(sender)
      if (!sender.sendNext()) continue
      this.#senders.add(sender)
      return true
    }
    return false
  }
}
