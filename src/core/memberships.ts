import type { Draft, Published } from './broadcast-adapter.ts'
import { CLOSE } from './close-codes.ts'
import { encode } from './codec.ts'
import type { Connection } from './connection.ts'
import { RequestError } from './errors.ts'
import { attempt, chain, type Eventually, settle } from './eventually.ts'
import type { Hub } from './hub.ts'
import type { KeptByProtocol } from './kept.ts'
import type { Member, MemberOwner } from './member.ts'
import type { Outbox } from './outbox.ts'
import type { ErrorCode, HistoryRequest, ServerFrame, StreamPosition } from './protocol.ts'
import type { Room } from './room.ts'
import { isRoomName } from './room-name.ts'
import type { Start, StartRequest } from './start.ts'

type Joined = Extract<ServerFrame, { type: 'joined' }>

export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/**
 * The rooms of one connection. A request is checked against what was asked for so far (`#intended`), since it may come before an
 * earlier `join` or `leave` is done; it is carried out against what is (`#members`), in order per room.
 */
export class Memberships implements MemberOwner {
  readonly outbox: Outbox
  readonly #connection: Connection
  readonly #hub: Hub
  readonly #intended = new Set<string>()
  readonly #members = new Map<string, Member>()
  /** Joins that were asked for and have not begun, by room. */
  readonly #joining = new Map<string, number>()

  constructor(connection: Connection, hub: Hub) {
    this.outbox = connection.outbox
    this.#connection = connection
    this.#hub = hub
  }

  /** A `join` was asked for. Answers why it can't be. */
  intend(room: string): Refusal | undefined {
    const { roomName, rooms } = this.#hub.settings.limits
    if (!isRoomName(room, roomName)) {
      return { code: 'invalid_room', message: `A room's name has 1 to ${roomName} characters and no controls` }
    }
    if (this.#intended.has(room)) {
      this.#joining.set(room, (this.#joining.get(room) ?? 0) + 1)
      return undefined
    }
    if (this.#intended.size >= rooms) {
      return { code: 'too_many_rooms', message: `A connection is in at most ${rooms} rooms: leave one first` }
    }
    this.#intended.add(room)
    this.#joining.set(room, (this.#joining.get(room) ?? 0) + 1)
    return undefined
  }

  /** A `leave` was asked for. False where the room was not joined or being joined. */
  release(room: string): boolean {
    return this.#intended.delete(room)
  }

  /** A `join` failed. A later one stands. */
  abandon(room: string): void {
    if (!this.#joining.has(room) && !this.#members.has(room)) this.#intended.delete(room)
  }

  /** The room that a publish goes to, or why there is none. */
  target(room: string | undefined): string | Refusal {
    if (room !== undefined) {
      return this.#intended.has(room) ? room : { code: 'not_joined', message: 'Join this room first' }
    }
    if (this.#intended.size > 1) return { code: 'room_required', message: 'In several rooms: say which in room' }
    for (const only of this.#intended) return only
    return { code: 'not_joined', message: 'Join a room first' }
  }

  /** Asks the application, subscribes, announces `joined`, and lets the member in. */
  join(name: string, request: StartRequest, announce: (joined: Joined) => void): Eventually<void> {
    this.#begun(name)
    const member = this.#members.get(name)
    if (member) return this.#joinAgain(member, request, announce)
    return chain(this.#mayJoin(name), () =>
      chain(this.#hub.enter(name), (room) =>
        chain(this.#start(room, request), (start) => this.#admit(room, start, announce)),
      ),
    )
  }

  /** A member that says where to begin goes on from there, as one that comes with `?room=` and then resumes. */
  #joinAgain(member: Member, request: StartRequest, announce: (joined: Joined) => void): Eventually<void> {
    const { room } = member
    const { name } = room
    if (!(request.since || request.history)) {
      return announce({ type: 'joined', room: name, position: room.positionOf(member), recovered: false })
    }
    const start = this.#hub.bounded(() => room.start(request))
    return chain(start, (begin) => {
      if (this.#members.get(name) !== member) return
      this.#members.delete(name)
      room.dismiss(member)
      this.#admit(room, begin, announce)
    })
  }

  #admit(room: Room, start: Start, announce: (joined: Joined) => void): void {
    const { name } = room
    if (!this.#connection.isOpen) return this.#hub.rooms.exit(name)
    const { position, recovered } = start
    announce({ type: 'joined', room: name, position, recovered })
    if (!this.#connection.isOpen) return this.#hub.rooms.exit(name)
    this.#members.set(name, room.admit(this, start))
    this.#connection.changed()
  }

  /** Goes on where the connection was before memory was lost, without a word. */
  restore({ rooms }: KeptByProtocol): void {
    for (const { room: name, position } of rooms) {
      this.#intended.add(name)
      void settle(
        () => this.#hub.enter(name),
        (room) => {
          if (this.#connection.isOpen) this.#members.set(name, room.readmit(this, position))
          else this.#hub.rooms.exit(name)
        },
        // What was missed can't be told any more: the client comes back and asks.
        () => this.#connection.end(CLOSE.unavailable),
      )
    }
  }

  kept(): KeptByProtocol['rooms'] {
    return [...this.#members].map(([room, member]) => {
      const position = member.room.keptPosition(member)
      return position === undefined ? { room } : { room, position }
    })
  }

  moved(): void {
    this.#connection.changed()
  }

  #begun(name: string): void {
    const left = (this.#joining.get(name) ?? 0) - 1
    if (left > 0) this.#joining.set(name, left)
    else this.#joining.delete(name)
  }

  leave(name: string): void {
    const member = this.#members.get(name)
    if (!member) return
    this.#members.delete(name)
    member.room.dismiss(member)
    this.#hub.rooms.exit(name)
    this.#connection.changed()
  }

  publish(name: string, draft: Draft): Eventually<Published> {
    if (!this.#members.has(name)) throw new RequestError('not_joined', 'Join this room first')
    const { publish } = this.#hub.hooks
    const ask = (): Eventually<boolean> =>
      publish === undefined || publish({ user: draft.from, room: name, body: draft.body })
    return chain(this.#hub.patient(ask), (yes) => {
      if (yes !== true) throw new RequestError('forbidden', 'Not allowed to publish here')
      return this.#hub.publish(name, draft)
    })
  }

  /** The text of a page of this room's log. */
  history(request: HistoryRequest): Eventually<string> {
    if (!this.#members.has(request.room)) throw new RequestError('not_joined', 'Join this room first')
    // One page at a time is held for a socket, however many were asked for.
    return chain(this.outbox.flushed(), () => this.#hub.history(request))
  }

  gap(room: string, from: number, to: number): void {
    this.outbox.send(encode({ type: 'gap', room, from, to, missed: to - from + 1 }))
  }

  reset(room: string, position: StreamPosition, reason: string): void {
    this.outbox.send(encode({ type: 'reset', room, position, reason }))
  }

  /** Leaves every room. */
  close(): void {
    for (const name of [...this.#members.keys()]) this.leave(name)
    this.#intended.clear()
    this.#joining.clear()
  }

  #mayJoin(room: string): Eventually<void> {
    const { user } = this.#connection.identity
    const { join } = this.#hub.hooks
    return chain(
      this.#hub.patient(() => join === undefined || join({ user, room })),
      (yes) => {
        if (yes !== true) throw new RequestError('forbidden', 'Not allowed to join this room')
      },
    )
  }

  #start(room: Room, request: StartRequest): Eventually<Start> {
    return attempt(
      () => this.#hub.bounded(() => room.start(request)),
      (reason) => {
        this.#hub.rooms.exit(room.name)
        return reason instanceof Error ? reason : new Error('the room has no start', { cause: reason })
      },
    )
  }
}
