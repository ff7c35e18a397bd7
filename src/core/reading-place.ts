import type { Member } from './member.ts'

/** The one place at a socket for reading the adapter's log: at most one page is held for it, and the members that wait to read take turns. */
export class ReadingPlace {
  #reading: Member | undefined
  #waiting: Set<Member> | undefined

  /** Takes the place, again where `member` has it. False: it is told of by `end` when the place is free. */
  begin(member: Member): boolean {
    if (this.#reading && this.#reading !== member) {
      this.#waiting ??= new Set()
      this.#waiting.add(member)
      return false
    }
    this.#reading = member
    return true
  }

  /** Gives the place back, if `member` has it. Answers who waited for it: they may not need it any more. */
  end(member: Member): Iterable<Member> {
    if (this.#reading !== member) return []
    this.#reading = undefined
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    return waiting
  }

  /** `member` waits for nothing any more, and gives the place back as by `end`. */
  leave(member: Member): Iterable<Member> {
    this.#waiting?.delete(member)
    return this.end(member)
  }
}
