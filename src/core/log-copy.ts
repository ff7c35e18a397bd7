import type { HistoryPage, Publication } from './broadcast-adapter.ts'
import { type Entry, entryOf } from './entry.ts'
import { Log, type Mark, markOf } from './log.ts'
import type { StreamPosition } from './protocol.ts'
import type { RoomTraits } from './room-traits.ts'

/** `unverified`: the log was in doubt, and no longer reaches back to where it could be compared. */
export type ResetReason = 'epoch' | 'fork' | 'unverified'

/** Where the hub's copy of a log began: another object after every reset, by which members notice. */
export interface Origin {
  readonly start: StreamPosition
  readonly reason: ResetReason | 'opened'
}

/** Who hears what becomes of a copy. */
export interface CopyOwner {
  /** The log has grown by this entry. */
  appended(entry: Entry): void
  /** A message to who is there now. */
  transient(text: string): void
  /** The log is about to forget all it has and go on elsewhere: last chance to flush. */
  leaping(): void
  /** What follows `from`, up to the log's new head, can't be read any more. */
  skipped(from: Mark): void
  /** The log is another one: `origin` is new. */
  reset(): void
}

/** A hub's copy of the recent part of one room's log. It takes an announcement only where that is next; a page of the log it believes. */
export class LogCopy {
  readonly log: Log<Entry>
  #origin: Origin
  readonly #room: RoomTraits
  readonly #owner: CopyOwner

  constructor(room: RoomTraits, head: StreamPosition, owner: CopyOwner) {
    this.#room = room
    this.#owner = owner
    this.#origin = { start: head, reason: 'opened' }
    this.log = new Log(room.limits, markOf(head))
  }

  get origin(): Origin {
    return this.#origin
  }

  get epoch(): string {
    return this.#origin.start.epoch
  }

  get head(): StreamPosition {
    return { epoch: this.epoch, ...this.log.head }
  }

  /** Takes an announcement that the copy can judge by itself, or drops a repeat; false where the log has to be read first. */
  takes(epoch: string, publication: Publication): boolean {
    if (epoch !== this.epoch) return false
    const { offset } = publication
    if (offset === undefined) {
      this.#owner.transient(this.#room.encode(publication))
      return true
    }
    if (offset === this.log.head.offset + 1) return this.#append(publication)
    if (offset > this.log.head.offset) return false
    // What the copy has let go of may be a repeat, or the word of a log that is behind this one: another.
    return this.log.markAt(offset) !== undefined && this.contradictedBy(publication) === undefined
  }

  /**
   * Believes a page that was read from `asked` on, which was the head when the question was put, or has been in dispute since.
   * Where the log can't be compared any more, `isDoubtful` makes it another one. Answers the first mark that the page contradicts, if it does:
   * what was announced since the question is of another log, or the answer is, and nothing from there on is taken.
   */
  reconcile(page: HistoryPage, asked: Mark, isDoubtful: boolean): Mark | undefined {
    if (page.head.epoch !== this.epoch) this.#reset(page.start, 'epoch')
    else if (!page.intact) this.#goOnAfter(asked, page.start, isDoubtful)
    let disputed = this.contradictedBy(page.start)
    for (const publication of page.publications) {
      disputed ??= this.contradictedBy(publication)
      if (disputed) return disputed
      if (publication.offset === this.log.head.offset + 1) this.#append(publication)
    }
    return disputed
  }

  /** What is known to stand at this offset, where that is something else. */
  contradictedBy({ offset = 0, id }: Partial<Mark>): Mark | undefined {
    const known = this.log.markAt(offset)
    return known?.id === undefined || id === undefined || known.id === id ? undefined : known
  }

  #append(publication: Publication): true {
    const entry = entryOf(publication, this.#room.encode)
    if (entry) {
      this.log.append(entry)
      this.#owner.appended(entry)
    }
    return true
  }

  /** The log does not have what was asked about, or not any more. */
  #goOnAfter(asked: Mark, start: StreamPosition, isDoubtful: boolean): void {
    const { head } = this.log
    if (start.offset <= asked.offset) this.#reset(start, 'fork')
    else if (isDoubtful) this.#reset(start, 'unverified')
    else if (start.offset > head.offset) this.#skip(head, start)
  }

  #skip(from: Mark, to: StreamPosition): void {
    this.#owner.leaping()
    this.log.restart(markOf(to))
    this.#owner.skipped(from)
  }

  #reset(start: StreamPosition, reason: ResetReason): void {
    this.#owner.leaping()
    this.#origin = { start, reason }
    this.log.restart(markOf(start))
    this.#owner.reset()
  }
}
