import type {
  AdapterEvents,
  BroadcastAdapter,
  Draft,
  HistoryPage,
  HistoryStart,
  Publication,
  Published,
} from '../core/broadcast-adapter.ts'
import { RequestError } from '../core/errors.ts'
import type { Eventually } from '../core/eventually.ts'
import type { StreamPosition } from '../core/protocol.ts'
import { ObjectAnnouncer, type ObjectAnnouncerDeps } from './object-announcer.ts'
import { ObjectCalls } from './object-calls.ts'
import { HandedOut } from './object-handed.ts'
import type { ObjectLogDeps } from './object-log.ts'
import { ObjectLog } from './object-log.ts'
import { type Announced, type Answer, type AudiencePeer, answer, type RoomPeer, unwrapped } from './object-peers.ts'
import { ObjectTables } from './object-tables.ts'

/**
 * ms after which it is looked whether others were told of what was published. Each such alarm is a row written and a request: one for all
 * that is published meanwhile.
 */
const REMIND = 10_000
/** ms until it is looked again where one could not be told, or left. */
const REMIND_AGAIN = 60_000

/** Of a room that is to be left, and of which nothing was handed out. */
const NOWHERE: StreamPosition = { epoch: '', offset: 0 }

export interface ObjectAdapterDeps
  extends Omit<ObjectLogDeps, 'room' | 'announce' | 'isHeld'>,
    Pick<ObjectAnnouncerDeps, 'loop' | 'log'> {
  /** What this object is called, by those that are to answer it. */
  readonly object: string
  /** The room whose log this object keeps; undefined: none. */
  readonly room: string | undefined
  /** The object that keeps the log of `room`. */
  readonly roomPeer: (room: string) => RoomPeer
  readonly audiencePeer: (object: string) => AudiencePeer
}

/**
 * Rooms' logs in objects of their own, as one of these objects sees them: its own room's log is at hand and answers at once, the others are
 * asked by remote calls. Where memory is lost subscriptions go on: they begin where the hub had handed out everything.
 */
export class ObjectAdapter implements BroadcastAdapter {
  readonly tables: ObjectTables
  readonly #deps: ObjectAdapterDeps
  readonly #log: ObjectLog | undefined
  readonly #announcer: ObjectAnnouncer | undefined
  /** The objects that hear of the own room, each with the number of its admission. */
  readonly #audience: Map<string, number>
  /** Counts for all objects and never begins anew: one that comes back is another admission, also where it had been forgotten meanwhile. */
  #admissions = 0
  #isHeldHere = false
  /** What was followed before memory was lost still is, for whoever subscribes to it again. */
  #isReviving = true
  /** Rooms of others that the hub follows, each since another wish to. */
  readonly #followed = new Map<string, object>()
  readonly #handed: HandedOut
  /** Subscribing and unsubscribing, in order per room. */
  readonly #lanes = new Map<string, Promise<unknown>>()
  readonly #calls = new ObjectCalls()
  #events: AdapterEvents | undefined

  constructor(deps: ObjectAdapterDeps) {
    this.#deps = deps
    const { room, store } = deps
    this.tables = new ObjectTables(store)
    this.#handed = new HandedOut(deps.loop)
    this.#audience = new Map(this.tables.audience().map((object) => [object, 0]))
    if (room === undefined) return
    const isHeld = (): boolean => this.#isHeldHere || this.#audience.size > 0
    const announce = (epoch: string, publication: Publication): void => this.#announce(room, { epoch, publication })
    this.#log = new ObjectLog({ ...deps, room, isHeld, announce })
    this.#announcer = new ObjectAnnouncer({
      ...deps,
      room,
      peer: deps.audiencePeer,
      generation: (object) => this.#audience.get(object) ?? -1,
      gone: (object) => this.dismiss(object),
      failed: () => this.#lookIn(REMIND_AGAIN),
    })
  }

  start(events: AdapterEvents): void {
    this.#events = events
  }

  /** What was in memory is there again: subscriptions that nobody holds any more are ended. */
  revived(): void {
    this.#isReviving = false
    this.#leaveUnfollowed()
    if (this.#log && !this.#isHeldHere && this.#audience.size === 0) this.#log.reopen()
  }

  subscribe(room: string): Eventually<StreamPosition> {
    const log = this.#own(room)
    if (log) {
      this.#isHeldHere = true
      return log.hold()
    }
    const known = this.#isReviving ? this.tables.subscription(room) : undefined
    const wish = {}
    this.#followed.set(room, wish)
    if (known) {
      this.#handed.note(room, known)
      return known
    }
    return this.#inLane(room, async () => {
      try {
        const head = await this.#deps.roomPeer(room).subscribe(this.#deps.object)
        this.tables.saveSubscription(room, head)
        if (this.#followed.get(room) === wish) this.#handed.note(room, head)
        return head
      } catch (reason) {
        // The hub may have given it up, and wished for it anew.
        if (this.#followed.get(room) === wish) this.#followed.delete(room)
        throw reason
      }
    })
  }

  unsubscribe(room: string): Eventually<void> {
    const log = this.#own(room)
    if (log) {
      this.#isHeldHere = false
      if (this.#audience.size === 0) log.release()
      return
    }
    this.#followed.delete(room)
    this.#handed.forget(room)
    // What fails is tried again by the alarm: a timer would keep the object awake for as long as the room can't be reached.
    return this.#leave(room).catch(() => {})
  }

  publish(room: string, draft: Draft): Eventually<Published> {
    const log = this.#own(room)
    return log ? log.publish(draft) : this.#calls.make(() => this.#publishThere(room, draft))
  }

  /** Its announcement has come by the time it is answered. Where that had the log read, it is heard when it was. */
  async #publishThere(room: string, draft: Draft): Promise<Published> {
    const published = unwrapped(await this.#deps.roomPeer(room).publish(draft, this.#deps.object))
    if (published.position) await this.#handed.reached(room, published.position)
    return published
  }

  history(room: string, start: HistoryStart, limit: number): Eventually<HistoryPage> {
    const log = this.#own(room)
    return log ? log.history(start, limit) : this.#calls.make(() => this.#deps.roomPeer(room).history(start, limit))
  }

  handedOut(room: string, position: StreamPosition): void {
    if (!this.#followed.has(room)) return
    this.tables.saveSubscription(room, position)
    this.#handed.note(room, position)
  }

  probe(): void {
    this.#log?.head()
  }

  close(): void {
    this.#events = undefined
  }

  /** An event that may have made calls to other objects is to last until this settles. */
  settled(): Promise<void> | undefined {
    return this.#calls.settled()
  }

  /** Another object has members in the own room. */
  admit(object: string): StreamPosition {
    const log = this.#ownLog()
    this.tables.admit(object)
    this.#audience.set(object, ++this.#admissions)
    return log.hold()
  }

  dismiss(object: string): void {
    if (!this.#audience.delete(object)) return
    this.#announcer?.forget(object)
    this.tables.dismiss(object)
    if (this.#audience.size === 0 && !this.#isHeldHere) this.#ownLog().release()
  }

  /** Whoever asks hears of the publication before the answer: a member that leaves at once has had what it published. */
  async publishFor(draft: Draft, object: string): Promise<Answer<Published>> {
    const answered = answer(() => this.#ownLog().publish(draft))
    // What was there already may be of a memory that was lost before it could tell anybody.
    const isRepeat = answered.ok && answered.value.duplicate
    const newest = isRepeat && this.#audience.has(object) ? this.#ownLog().newest() : undefined
    if (newest) await this.#announcer?.remind([object], newest)
    else await this.#announcer?.told(object)
    return answered
  }

  historyHere(start: HistoryStart, limit: number): HistoryPage {
    return this.#ownLog().history(start, limit)
  }

  /** What the object of `room` announces. False: nobody here follows it. */
  hear(room: string, announced: readonly Announced[]): boolean {
    if (!this.#followed.has(room)) return false
    for (const { epoch, publication } of announced) this.#events?.deliver(room, epoch, [publication])
    return true
  }

  /**
   * It is time: leaves rooms that could not be left before, tells others of the newest publication who may not have been told, since memory
   * was lost, and then deletes what has expired.
   */
  look(): void {
    this.#leaveUnfollowed()
    if (!this.#log) return
    const newest = this.#audience.size > 0 ? this.#log.newest() : undefined
    if (newest && !this.tables.isTold(newest)) void this.#calls.make(() => this.#remind(this.#ownLog(), newest))
    else this.#log.expire()
  }

  /** What could not be told yet is not deleted: nothing else would know of it if memory were lost once more. */
  async #remind(log: ObjectLog, newest: Announced): Promise<void> {
    const areTold = (): boolean => this.#announcer?.areTold(this.#audience.keys(), newest) === true
    const wereTold = areTold()
    await this.#announcer?.remind(this.#audience.keys(), newest)
    try {
      // Noted down where memory was lost, as it may be again: else every alarm would wake them all.
      if (!wereTold && areTold()) this.tables.saveTold(newest)
      log.expire(areTold() ? undefined : this.#deps.clock.wall() + REMIND_AGAIN)
    } catch (reason) {
      this.#deps.log.error('what has expired could not be deleted; trying again', { reason })
      this.#lookIn(REMIND_AGAIN)
    }
  }

  /** Nothing is stored here that anybody could ask for, and nobody is here who might. */
  get isIdle(): boolean {
    const isHeld = this.#isHeldHere || this.#audience.size > 0 || this.#followed.size > 0 || !this.#calls.isIdle
    return !isHeld && this.tables.isEmpty && (this.#log?.isForgotten ?? true)
  }

  #announce(room: string, announced: Announced): void {
    if (this.#isHeldHere) this.#events?.deliver(room, announced.epoch, [announced.publication])
    if (this.#audience.size === 0) return
    this.#announcer?.announce(this.#audience.keys(), announced)
    // Should this object die before they are told.
    if (announced.publication.offset !== undefined) this.#lookIn(REMIND)
  }

  /** A subscription is stored until the room's object has let go of it: else that would tell this one for ever, and be kept for it. */
  #leave(room: string): Promise<void> {
    return this.#inLane(room, async () => {
      try {
        await this.#deps.roomPeer(room).unsubscribe(this.#deps.object)
        this.tables.deleteSubscription(room)
      } catch (reason) {
        this.#deps.log.warn('a room could not be left; trying again', { room, reason })
        // The room may know of this object where its answer was lost.
        if (!this.tables.subscription(room)) this.tables.saveSubscription(room, NOWHERE)
        this.#lookIn(REMIND_AGAIN)
        throw reason
      }
    })
  }

  #leaveUnfollowed(): void {
    for (const room of this.tables.subscriptions()) {
      // What fails is tried again by the alarm.
      if (!this.#followed.has(room) && !this.#lanes.has(room)) this.#leave(room).catch(() => {})
    }
  }

  #lookIn(ms: number): void {
    this.#deps.lookAt(this.#deps.clock.wall() + ms)
  }

  #own(room: string): ObjectLog | undefined {
    return room === this.#deps.room ? this.#log : undefined
  }

  #ownLog(): ObjectLog {
    if (this.#log) return this.#log
    throw new RequestError('unavailable', 'This object keeps no log')
  }

  #inLane<T>(room: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(room) ?? Promise.resolve()
    const task = this.#calls.make(() => before.then(work, work))
    this.#lanes.set(room, task)
    const done = (): void => {
      if (this.#lanes.get(room) === task) this.#lanes.delete(room)
    }
    task.then(done, done)
    return task
  }
}
