import type { Draft, Published } from './broadcast-adapter.ts'
import { CLOSE } from './close-codes.ts'
import { encode } from './codec.ts'
import type { Connection } from './connection.ts'
import { RequestError } from './errors.ts'
import { chain, type Eventually, settle } from './eventually.ts'
import type { Hub } from './hub.ts'
import type { KeptByProtocol, KeptRoom } from './kept.ts'
import type { Member, MemberOwner } from './member.ts'
import type { Outbox } from './outbox.ts'
import { PageReplies } from './page-replies.ts'
import type { ErrorCode, HistoryRequest, ServerFrame, StreamPosition } from './protocol.ts'
import type { Room } from './room.ts'
import { isRoomName } from './room-name.ts'
import type { Start, StartRequest } from './start.ts'

type Joined = Extract<ServerFrame, { type: 'joined' }>

export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/** A connection's part in one room. There is none where all of it is at rest. */
interface Place {
  /** What was asked for last was to be in the room. */
  intended: boolean
  /** Joins that were asked for and have not begun. */
  joining: number
  /** It is in the room. */
  member: Member | undefined
}

/**
 * The rooms of one connection. A request is checked against what was asked for so far (`intended`), since it may come before an
 * earlier `join` or `leave` is done; it is carried out against what is (`member`), in order per room.
 */
export class Memberships implements MemberOwner {
  readonly outbox: Outbox
  readonly #connection: Connection
  readonly #hub: Hub
  readonly #places = new Map<string, Place>()
  /** Rooms that are intended. */
  #intended = 0
  /** Made with the first `history`. */
  #pages: PageReplies | undefined

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
    if (!this.#isIntended(room) && this.#intended >= rooms) {
      return { code: 'too_many_rooms', message: `A connection is in at most ${rooms} rooms: leave one first` }
    }
    const place = this.#placeIn(room)
    this.#intend(place, true)
    place.joining++
    return undefined
  }

  /** A `leave` was asked for. False where the room was not joined or being joined. */
  release(room: string): boolean {
    const place = this.#places.get(room)
    if (!place?.intended) return false
    this.#intend(place, false)
    this.#tidy(room, place)
    return true
  }

  /** A `join` failed. A later one stands. */
  abandon(room: string): void {
    const place = this.#places.get(room)
    if (!place || place.joining > 0 || place.member) return
    this.#intend(place, false)
    this.#tidy(room, place)
  }

  /** The room that a publish goes to, or why there is none. */
  target(room: string | undefined): string | Refusal {
    if (room !== undefined) {
      return this.#isIntended(room) ? room : { code: 'not_joined', message: 'Join this room first' }
    }
    if (this.#intended > 1) return { code: 'room_required', message: 'In several rooms: say which in room' }
    for (const [only, { intended }] of this.#places) if (intended) return only
    return { code: 'not_joined', message: 'Join a room first' }
  }

  /** Asks the application, subscribes, announces `joined`, and lets the member in. */
  join(name: string, request: StartRequest, announce: (joined: Joined) => void): Eventually<void> {
    this.#begun(name)
    const member = this.#memberIn(name)
    if (member) return this.#joinAgain(member, request, announce)
    return chain(this.#mayJoin(name), () =>
      chain(this.#hub.enter(name), (room) =>
        chain(this.#hub.begin(room, request), (start) => this.#admit(room, start, announce)),
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
      const place = this.#places.get(name)
      if (place?.member !== member) return
      place.member = undefined
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
    this.#placeIn(name).member = room.admit(this, start)
    this.#connection.changed()
  }

  /**
   * Is in a room again where the connection stood before memory was lost, without a word. Never fails: where the room can't be entered the
   * connection ends.
   */
  restore({ room: name, position }: KeptRoom): Eventually<void> {
    this.#intend(this.#placeIn(name), true)
    return settle(
      () => this.#hub.enter(name),
      (room) => {
        if (this.#connection.isOpen) this.#placeIn(name).member = room.readmit(this, position)
        else this.#hub.rooms.exit(name)
      },
      // What was missed can't be told any more: the client comes back and asks.
      () => this.#connection.end(CLOSE.unavailable),
    )
  }

  kept(): KeptByProtocol['rooms'] {
    return [...this.#places].flatMap(([room, { member }]) => {
      if (!member) return []
      const position = member.room.keptPosition(member)
      return position === undefined ? { room } : { room, position }
    })
  }

  moved(): void {
    this.#connection.changed()
  }

  #begun(name: string): void {
    const place = this.#places.get(name)
    if (place) place.joining--
  }

  /** Fails where the `join` before it did. */
  leave(name: string): void {
    const place = this.#places.get(name)
    if (!place?.member) throw new RequestError('not_joined', 'Not in this room')
    this.#depart(name, place, place.member)
  }

  #depart(name: string, place: Place, member: Member): void {
    place.member = undefined
    this.#tidy(name, place)
    member.room.dismiss(member)
    this.#hub.rooms.exit(name)
    this.#connection.changed()
  }

  publish(name: string, draft: Draft): Eventually<Published> {
    if (!this.#memberIn(name)) throw new RequestError('not_joined', 'Join this room first')
    const { publish } = this.#hub.hooks
    if (publish === undefined) return this.#hub.publish(name, draft)
    const ask = (): Eventually<boolean> => publish({ user: draft.from, room: name, body: draft.body })
    return chain(this.#hub.patient(ask), (yes) => {
      if (yes !== true) throw new RequestError('forbidden', 'Not allowed to publish here')
      return this.#hub.publish(name, draft)
    })
  }

  /** Replies with a page of this room's log. */
  history(request: HistoryRequest): Eventually<void> {
    this.#pages ??= new PageReplies(this.outbox)
    return this.#pages.send(() => {
      // The connection may have ended while this waited.
      if (!this.#memberIn(request.room)) throw new RequestError('not_joined', 'Join this room first')
      return this.#hub.history(request)
    })
  }

  gap(room: string, from: number, to: number): void {
    this.outbox.send(encode({ type: 'gap', room, from, to, missed: to - from + 1 }))
  }

  reset(room: string, position: StreamPosition, reason: string): void {
    this.outbox.send(encode({ type: 'reset', room, position, reason }))
  }

  /** Leaves every room. */
  close(): void {
    for (const [name, place] of [...this.#places]) if (place.member) this.#depart(name, place, place.member)
    this.#places.clear()
    this.#intended = 0
  }

  #isIntended(room: string): boolean {
    return this.#places.get(room)?.intended === true
  }

  #memberIn(room: string): Member | undefined {
    return this.#places.get(room)?.member
  }

  #placeIn(room: string): Place {
    const known = this.#places.get(room)
    if (known) return known
    const place: Place = { intended: false, joining: 0, member: undefined }
    this.#places.set(room, place)
    return place
  }

  #intend(place: Place, intended: boolean): void {
    if (place.intended !== intended) this.#intended += intended ? 1 : -1
    place.intended = intended
  }

  /** Nothing is kept of a room that the connection has no part in. */
  #tidy(room: string, { intended, joining, member }: Place): void {
    if (!intended && joining === 0 && !member) this.#places.delete(room)
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
}
