import type { EventLoop } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { StreamPosition } from '../core/protocol.ts'
import type { Announced, AudiencePeer } from './object-peers.ts'

/** Announcements that are kept for one object; of more publications only the last ones go, and the jump has the object read the log. */
const MOST = 64
/** ms until a failed announcement is tried again: the first time, and at most. */
const RETRY = { first: 100, most: 10_000, times: 6 } as const

export interface ObjectAnnouncerDeps {
  readonly room: string
  readonly loop: EventLoop
  readonly log: Logger
  readonly peer: (object: string) => AudiencePeer
  /** Another one whenever the object subscribes. */
  readonly generation: (object: string) => number
  /** That object does not want to hear of the room any more. */
  readonly gone: (object: string) => void
  /** An object could not be told: should memory be lost before it is, it is to be reminded. */
  readonly failed: () => void
}

type Place = Pick<StreamPosition, 'epoch' | 'offset'>

interface Line {
  waiting: Announced[]
  /** The newest publication of the log that is waiting or under way. */
  newest: Place | undefined
  /** Who wants to know when the object was told. */
  tell: (() => void)[]
  busy: boolean
}

/**
 * Tells other objects what is new in a room: one call to each at a time, with all that came meanwhile. What gets lost shows there as a jump;
 * so that the last one does too, a call that fails is made again, and `remind` makes those that never came about.
 */
export class ObjectAnnouncer {
  readonly #deps: ObjectAnnouncerDeps
  readonly #lines = new Map<string, Line>()
  /** Up to where each object was told, as far as this memory reaches. */
  readonly #told = new Map<string, Place>()

  constructor(deps: ObjectAnnouncerDeps) {
    this.#deps = deps
  }

  /** Settles when the object was told of what is waiting for it, or could not be. */
  told(object: string): Promise<void> | undefined {
    const line = this.#lines.get(object)
    return line && new Promise((resolve) => line.tell.push(resolve))
  }

  announce(objects: Iterable<string>, announced: Announced): void {
    for (const object of objects) {
      const line = this.#lines.get(object) ?? { waiting: [], newest: undefined, tell: [], busy: false }
      this.#lines.set(object, line)
      line.waiting.push(announced)
      line.newest = placeOf(announced) ?? line.newest
      bound(line.waiting)
      if (!line.busy) {
        line.busy = true
        // With what else this block publishes.
        this.#deps.loop.endOfTurn(() => void this.#work(object, line))
      }
    }
  }

  /** Tells `newest` to those of whom it is not known that they were told. Settles when they were, or could not be. */
  async remind(objects: Iterable<string>, newest: Announced): Promise<void> {
    const left = [...objects].filter((object) => !isAt(this.#told.get(object), newest))
    this.announce(
      left.filter((object) => !isAt(this.#lines.get(object)?.newest, newest)),
      newest,
    )
    await Promise.all(left.map((object) => this.told(object)))
  }

  /** It is known that all of them were told of `newest`. */
  areTold(objects: Iterable<string>, newest: Announced): boolean {
    return [...objects].every((object) => isAt(this.#told.get(object), newest))
  }

  /** The object hears no more of the room. */
  forget(object: string): void {
    this.#told.delete(object)
  }

  async #work(object: string, line: Line): Promise<void> {
    let wait: number = RETRY.first
    for (let failures = 0; line.waiting.length > 0 && failures < RETRY.times; ) {
      const batch = line.waiting.splice(0)
      const tell = line.tell.splice(0)
      const generation = this.#deps.generation(object)
      try {
        const isHeard = await this.#deps.peer(object).announce(this.#deps.room, batch)
        failures = 0
        this.#note(object, batch)
        // What was answered before it subscribed again says nothing.
        if (!isHeard && generation === this.#deps.generation(object)) this.#deps.gone(object)
        for (const done of tell) done()
      } catch (reason) {
        this.#deps.log.warn('an announcement failed; trying again', { object, reason })
        this.#deps.failed()
        failures++
        line.waiting.unshift(...batch)
        bound(line.waiting)
        for (const done of tell.splice(0)) done()
        await new Promise<void>((resolve) => void this.#deps.loop.after(wait, resolve))
        wait = Math.min(wait * 2, RETRY.most)
      }
    }
    for (const done of line.tell.splice(0)) done()
    line.busy = false
    this.#lines.delete(object)
  }

  #note(object: string, batch: readonly Announced[]): void {
    const place = batch.map(placeOf).findLast((known) => known !== undefined)
    if (place) this.#told.set(object, place)
  }
}

/** Undefined: it is transient. */
const placeOf = ({ epoch, publication: { offset } }: Announced): Place | undefined =>
  offset === undefined ? undefined : { epoch, offset }

const isAt = (place: Place | undefined, { epoch, publication }: Announced): boolean =>
  place?.epoch === epoch && place.offset === publication.offset

/** Transient messages go first: that the newest publication is missing would show nowhere if only they came after it. */
function bound(waiting: Announced[]): void {
  while (waiting.length > MOST) {
    const transient = waiting.findIndex(({ publication }) => publication.offset === undefined)
    waiting.splice(Math.max(transient, 0), 1)
  }
}
