import type { Entry } from './entry.ts'
import type { Section } from './live-members.ts'
import type { Mark } from './log.ts'
import type { Origin } from './log-copy.ts'
import type { Outbox } from './outbox.ts'
import type { StreamPosition } from './protocol.ts'
import type { Room } from './room.ts'

/** What a connection does about publications that its member can't get any more. */
export interface MemberOwner {
  readonly outbox: Outbox
  /** Where one of its members stands has changed. */
  moved(): void
  /** Offsets `from` to `to`, inclusive, are lost. Called where they would have stood in the stream. */
  gap(room: string, from: number, to: number): void
  /** The room's log is another one; the stream goes on after `position`. */
  reset(room: string, position: StreamPosition, reason: string): void
}

/** Entries that were read from the adapter's log for one member, which stand after `start`. */
export interface Page {
  readonly start: Mark
  readonly entries: readonly Entry[]
}

/**
 * Where a member stands. `live`: it has everything that its section was handed, at `index` of whose members it is.
 * `lagging`: its outbox moves it on from `cursor`, by way of `page` where there is one.
 * `reading`: the same, while the adapter's log is being read. `left`: nothing comes any more.
 */
export type MemberState =
  | { readonly kind: 'live'; readonly section: Section; index: number }
  | { readonly kind: 'lagging'; cursor: Mark; page?: Page }
  | { readonly kind: 'reading'; readonly cursor: Mark }
  | { readonly kind: 'left' }

const LEFT: MemberState = { kind: 'left' }

/** One connection in one room: a cursor in the room's log. */
export class Member {
  readonly room: Room
  readonly owner: MemberOwner
  readonly outbox: Outbox
  /** The log that the cursor belongs to, as the room knows it. */
  origin: Origin
  state: MemberState = LEFT

  constructor(room: Room, owner: MemberOwner, origin: Origin) {
    this.room = room
    this.owner = owner
    this.outbox = owner.outbox
    this.origin = origin
  }

  /** Sends about `budget` bytes from the cursor on. `more`: call again. `settled`: caught up, gone, or the room will call. */
  advance(budget: number): 'more' | 'settled' {
    return this.room.advance(this, budget)
  }
}
