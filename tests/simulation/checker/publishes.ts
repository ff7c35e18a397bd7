import type { ServerFrame } from '../../../src/core/protocol.ts'
import type { Fact } from '../facts.ts'
import type { Asked } from './connections.ts'
import { type Entry, holds, type Logs } from './logs.ts'
import type { Complain } from './violation.ts'

type Ack = Extract<ServerFrame, { type: 'ack' }>

/** What a resend's `age` may be too small by, in ms. Where a clock was set forward, it may be much too large. */
const TOLERANCE = 20

/** Publishes: what was acknowledged is in the log, and what was sent again is there once. */
export class Publishes {
  readonly #logs: Logs
  readonly #window: number
  readonly #complain: Complain
  /** What a user said is never said twice by itself: every content is another one. */
  readonly #byContent = new Map<string, Entry[]>()
  readonly #firstAsked = new Map<string, number>()
  readonly #users = new Map<number, string>()

  /** `window`: ms for which the engine remembers client ids. */
  constructor(logs: Logs, window: number, complain: Complain) {
    this.#logs = logs
    this.#window = window
    this.#complain = complain
  }

  see(fact: Fact): void {
    if (fact.what === 'appended') this.#appended(fact.id)
    else if (fact.what === 'opened') this.#users.set(fact.conn, fact.user)
    else if (fact.what === 'asked') this.#asked(fact)
  }

  acknowledged(user: string, { frame, at }: Asked, ack: Ack): void {
    if ((frame.type !== 'chat' && frame.type !== 'event') || frame.transient) return
    const { position, room = '', duplicate } = ack
    const content = frame.type === 'chat' ? frame.content : JSON.stringify([frame.name, frame.data])
    const said = `${content} was acknowledged at ${JSON.stringify(position)} of ${room}`
    const entry = position && this.#logs.at(room, position)
    if (!entry) return this.#complain('ROOM-11', `${said}, but no log held it there by then`)
    if (entry.content !== content || entry.user !== user) {
      return this.#complain('ROOM-11', `${said}, where ${entry.user} said ${entry.content}`)
    }
    if (duplicate === false && entry.at < at) this.#complain('ROOM-10', `${said} as new, but was there before`)
    if (duplicate === true && entry.clientId !== frame.id) this.#complain('ROOM-10', `${said} as a duplicate`)
  }

  #appended(id: string): void {
    const entry = this.#logs.entry(id)
    if (!entry) return
    const { branch, user, content, offset, at } = entry
    const key = `${branch.room} ${user} ${content}`
    const others = this.#byContent.get(key) ?? []
    const twin = others.find((other) => holds(branch, other) && at - other.at < this.#window)
    if (twin) this.#complain('ROOM-10', `${content} is in the log of ${branch.room} twice: ${twin.offset}, ${offset}`)
    this.#byContent.set(key, [...others, entry])
  }

  #asked({ conn, frame, at }: Extract<Fact, { what: 'asked' }>): void {
    if ((frame.type !== 'chat' && frame.type !== 'event') || frame.id === undefined) return
    const key = `${this.#users.get(conn)} ${frame.id}`
    const first = this.#firstAsked.get(key)
    if (first === undefined) {
      this.#firstAsked.set(key, at)
    } else if (frame.age === undefined || frame.age < at - first - TOLERANCE) {
      this.#complain('ROOM-10', `a resend says that it is ${frame.age} ms old, but is ${at - first}`)
    }
  }
}
