import type { StreamPosition } from '../../../src/core/protocol.ts'
import { type Entry, holds, type Logs } from './logs.ts'
import type { Complain } from './violation.ts'

export interface Heard {
  readonly offset?: number | undefined
  readonly id: string
  readonly content: string
}

/** What one member is told of one room, from `joined` on. Every step must be one that some history of the log allows. */
export class Stream {
  readonly room: string
  readonly #logs: Logs
  epoch: string
  offset: number
  /** The same without what was said to be lost: where it can be resumed. */
  held: number
  /** The last publication that is known to lie in this stream, by position or by itself. */
  anchor: Entry | undefined
  #isAfterGap = false

  constructor(logs: Logs, room: string, position: StreamPosition, complain: Complain) {
    this.#logs = logs
    this.room = room
    this.epoch = position.epoch
    this.offset = position.offset
    this.held = position.offset
    this.anchor = place(logs, room, position, complain)
  }

  get position(): string {
    return `${this.epoch} ${this.offset} ${this.anchor?.id ?? '-'}`
  }

  /** Its reader has forgotten all but where it was: what was said to be lost may come all the same. */
  resume(): void {
    this.offset = this.held
  }

  publication({ offset, id, content }: Heard, complain: Complain): void {
    if (offset === undefined) return this.#transient(id, content, complain)
    const said = `${this.room} ${this.epoch} ${offset} ${id}`
    if (offset !== this.offset + 1) complain('ROOM-2', `${said} does not follow ${this.position}`)
    const entry = this.#logs.at(this.room, { epoch: this.epoch, offset, id })
    if (!entry) complain('ROOM-1', `no log ever held ${said}`)
    else if (entry.content !== content) complain('ROOM-1', `${said} is ${content}, but was ${entry.content}`)
    else if (this.anchor && !holds(entry.branch, this.anchor)) {
      const rule = this.#isAfterGap ? 'ROOM-2 (a fork behind a gap)' : 'ROOM-2'
      complain(rule, `${said} is of a log that never held ${this.position}, and no reset was told`)
    }
    this.#isAfterGap = false
    this.offset = offset
    this.held = offset
    this.anchor = entry
  }

  gap(from: number, to: number, complain: Complain): void {
    const said = `gap ${from}-${to} in ${this.room}`
    if (from !== this.offset + 1) complain('ROOM-5', `${said} after ${this.position}`)
    if (to < from) complain('ROOM-5', `${said} is none`)
    const floor = this.#logs.floorOf(this.room, this.epoch)
    if (to > floor) complain('ROOM-5', `${said}, but only what lies up to ${floor} was evicted`)
    this.offset = to
    this.#isAfterGap = true
  }

  reset(position: StreamPosition, complain: Complain): void {
    const said = `reset of ${this.room} to ${position.epoch} ${position.offset}`
    // A hub may hear late that the log is another one, and a place that was evicted can't be compared any more.
    const isComparable = position.epoch === this.epoch && this.#logs.floorOf(this.room, this.epoch) <= this.offset
    if (isComparable && !this.#logs.hasChanged(this.room)) complain('ROOM-2', `${said}, though the log is the same`)
    const entry = place(this.#logs, this.room, position, complain)
    const floor = this.#logs.floorOf(this.room, position.epoch)
    if (position.offset > floor) complain('ROOM-2', `${said} leaves out what lies after ${floor}`)
    this.epoch = position.epoch
    this.offset = position.offset
    this.held = position.offset
    this.anchor = entry
  }

  #transient(id: string, content: string, complain: Complain): void {
    const known = this.#logs.transient(id)
    if (known !== content) complain('ROOM-7', `a transient message ${id} that nobody sent`)
  }
}

/** The publication at a position that a hub named; complains where no log ever had such a place. */
export function place(logs: Logs, room: string, position: StreamPosition, complain: Complain): Entry | undefined {
  const { epoch, offset, id } = position
  const said = `${room} ${epoch} ${offset} ${id ?? '-'}`
  if (!logs.knowsEpoch(room, epoch)) complain('ROOM-1', `${said} is of no log that ever was`)
  if (offset === 0) return undefined
  if (id === undefined) complain('ROOM-2', `the position ${said} has no id`)
  const entry = logs.at(room, position)
  if (!entry && id !== undefined) complain('ROOM-1', `no log ever held ${said}`)
  return entry
}
