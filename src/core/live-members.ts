import { Batch } from './batch.ts'
import type { Mark } from './log.ts'
import type { Member, MemberState } from './member.ts'

/** Sections of a room at most. */
const MOST = 4

/** Some of a room's live members, all of whom have been handed the same. */
export interface Section {
  readonly members: Member[]
  /** They have everything up to here. */
  flushed: Mark
  /** How many of the texts that wait they have, from the first on. */
  has: number
}

/** What a section is to be handed: it had everything up to `before`. */
export interface Handout {
  readonly section: Section
  readonly batch: Batch
  readonly before: Mark
}

/** A room's live members, and the texts that wait for some of them. */
export class LiveMembers {
  #sections: Section[]
  #texts: string[] = []
  #length = 0
  readonly #enough: number

  /** `enough`: members of a section from which on others come into another. */
  constructor(head: Mark, enough: number) {
    this.#sections = [{ members: [], flushed: head, has: 0 }]
    this.#enough = enough
  }

  get size(): number {
    return this.#sections.reduce((sum, { members }) => sum + members.length, 0)
  }

  /** Texts that wait for who waits the longest. */
  get waiting(): number {
    return this.#texts.length
  }

  /** Characters in them. */
  get length(): number {
    return this.#length
  }

  /** Something that everybody is to be handed. */
  pend(text: string): void {
    this.#texts.push(text)
    this.#length += text.length
  }

  /** Where a member comes in when it has caught up with that section's `flushed`. The log ends at `head`. */
  place(head: Mark): Section {
    let smallest: Section | undefined
    for (const section of this.#sections) {
      if (!smallest || section.members.length < smallest.members.length) smallest = section
    }
    if (smallest && (smallest.members.length < this.#enough || this.#sections.length === MOST)) return smallest
    const section: Section = { members: [], flushed: head, has: this.#texts.length }
    this.#sections.push(section)
    return section
  }

  add(member: Member, section: Section): void {
    member.state = { kind: 'live', section, index: section.members.push(member) - 1 }
  }

  remove({ section: { members }, index }: Extract<MemberState, { kind: 'live' }>): void {
    const last = members.pop()
    if (!last || index === members.length) return
    members[index] = last
    if (last.state.kind === 'live') last.state.index = index
  }

  /** What waits is taken, for everybody, or for who waits the longest: from now on they count as having it, up to `head`. */
  take(isPart: boolean, head: Mark): readonly Handout[] {
    const end = this.#texts.length
    const handouts: Handout[] = []
    // A room that has shrunk is handed out to as a whole again.
    const only = isPart && this.size > this.#enough ? this.#longest() : undefined
    let from = end
    let batch: Batch | undefined
    for (const section of this.#sections) {
      const isEmpty = section.members.length === 0
      if (only && section !== only && !isEmpty) continue
      if (!isEmpty && section.has < end) {
        // Mostly all sections have waited for as long.
        if (!batch || section.has !== from) {
          from = section.has
          batch = new Batch(this.#texts.slice(from))
        }
        handouts.push({ section, batch, before: section.flushed })
      }
      section.flushed = head
      section.has = end
    }
    this.#forget()
    return handouts
  }

  /** Nobody is live any more, and whoever comes in begins at `head`. Answers who was. */
  clear(head: Mark): readonly Member[] {
    const members = this.#sections.flatMap((section) => section.members)
    this.#sections = [{ members: [], flushed: head, has: this.#texts.length }]
    this.#forget()
    return members
  }

  #longest(): Section | undefined {
    let longest: Section | undefined
    for (const section of this.#sections) {
      if (section.members.length > 0 && (!longest || section.has < longest.has)) longest = section
    }
    return longest
  }

  /** What everybody has waits no more. */
  #forget(): void {
    let done = this.#texts.length
    for (const { has } of this.#sections) done = Math.min(done, has)
    if (done === 0) return
    for (const text of this.#texts.splice(0, done)) this.#length -= text.length
    for (const section of this.#sections) section.has -= done
  }
}
