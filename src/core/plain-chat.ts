import { CLOSE, lagged } from './close-codes.ts'
import type { Connection, Protocol } from './connection.ts'
import { chain, type Eventually, settle } from './eventually.ts'
import type { Hub } from './hub.ts'
import type { Kept, KeptByProtocol } from './kept.ts'
import { Lanes } from './lanes.ts'
import type { Member, MemberOwner } from './member.ts'
import type { Outbox } from './outbox.ts'
import { runPending } from './pending.ts'
import { RateLimit } from './rate.ts'
import type { Room } from './room.ts'
import { exceedsBytes } from './text.ts'

/** The room behind `/chat`. Its name has a control character, so that no client can give it. */
export const PLAIN_CHAT_ROOM = '\u0000chat'

/** The plain chat room (SPEC.md section 6): every text to every socket, as plain text. */
export class PlainChat implements Protocol, MemberOwner {
  readonly outbox: Outbox
  readonly #connection: Connection
  readonly #hub: Hub
  readonly #rate: RateLimit
  /** Entering and publishes, in order. */
  readonly #lanes = new Lanes()
  /** In the room. It has a hold on it, which is given back with it. */
  #member: Member | undefined

  constructor(connection: Connection, hub: Hub) {
    this.#connection = connection
    this.outbox = connection.outbox
    this.#hub = hub
    this.#rate = new RateLimit(hub.settings.limits.publishRate)
  }

  /** Enters the room; what the peer sends before that is done waits. */
  open(): void {
    this.#enter(
      (room) => this.#hub.begin(room, {}),
      (room, start) => room.admit(this, start),
    )
  }

  /** Is in the room again, where it was before memory was lost. */
  restore({ rooms }: Kept): void {
    this.#enter(
      () => undefined,
      (room) => room.readmit(this, rooms[0]?.position),
    )
  }

  kept(): KeptByProtocol {
    const position = this.#member?.room.keptPosition(this.#member)
    return { rooms: [position === undefined ? { room: PLAIN_CHAT_ROOM } : { room: PLAIN_CHAT_ROOM, position }] }
  }

  moved(): void {
    this.#connection.changed()
  }

  text(text: string): void {
    const { limits } = this.#hub.settings
    if (exceedsBytes(text, limits.message)) return this.#connection.end(CLOSE.tooLarge)
    if (!this.#rate.take(this.#hub.now())) return this.#connection.end(CLOSE.rateLimited)
    const draft = { from: this.#connection.identity.user, body: { kind: 'chat', content: text } } as const
    this.#request(
      () => this.#hub.publish(PLAIN_CHAT_ROOM, draft),
      () => {},
    )
  }

  urgent(): boolean {
    return false
  }

  binary(): void {}
  expiring(): void {}
  draining(): void {}

  gap(_room: string, from: number, to: number): void {
    this.#connection.end(lagged(to - from + 1))
  }

  reset(): void {
    this.#connection.end(CLOSE.unavailable)
  }

  ended(): void {
    this.#lanes.close()
    if (this.#member) this.#leave()
  }

  #enter<T>(begin: (room: Room) => Eventually<T>, admit: (room: Room, start: T) => Member): void {
    this.#request(
      () => chain(this.#hub.enter(PLAIN_CHAT_ROOM), (room) => chain(begin(room), (start) => () => admit(room, start))),
      (arrive) => {
        if (this.#connection.isOpen) this.#member = arrive()
        // It ended meanwhile, or just now for what it has missed: nobody else gives the hold back.
        if (!this.#connection.isOpen) this.#leave()
      },
    )
  }

  #leave(): void {
    this.#member?.room.dismiss(this.#member)
    this.#member = undefined
    this.#hub.rooms.exit(PLAIN_CHAT_ROOM)
  }

  #request<T>(start: () => Eventually<T>, done: (value: T) => void): void {
    const failed = (reason: unknown): void => {
      this.#hub.log.warn('the plain chat room failed', { reason })
      this.#connection.end(CLOSE.unavailable)
    }
    runPending(this.#connection.inbox, this.#lanes, PLAIN_CHAT_ROOM, () => settle(start, done, failed))
  }
}
