import type { StreamPosition } from '../../../src/core/protocol.ts'
import type { Fact } from '../facts.ts'

/** One history of a log: what was appended to it, and to the branch that it forked from before that. */
export interface Branch {
  readonly number: number
  readonly room: string
  readonly epoch: string
  readonly parent: Branch | undefined
  /** The last offset that it shares with its parent. */
  readonly forkedAt: number
  readonly began: number
  floor: number
  head: number
}

/** A publication where it was appended. */
export interface Entry {
  readonly branch: Branch
  readonly offset: number
  readonly id: string
  readonly user: string
  readonly clientId: string | undefined
  readonly content: string
  readonly at: number
}

/** What the engine's logs were, as the facts tell: the truth that every client's history is compared with. */
export class Logs {
  readonly #branches = new Map<number, Branch>()
  readonly #current = new Map<string, Branch>()
  readonly #entries = new Map<string, Entry>()
  readonly #transient = new Map<string, string>()

  see(fact: Fact): void {
    switch (fact.what) {
      case 'began':
        return this.#begin({ ...fact, parent: undefined, forkedAt: 0, floor: 0, head: 0 }, fact.at)
      case 'forked': {
        const parent = this.#branches.get(fact.parent)
        const { room, branch, offset, floor } = fact
        const epoch = parent?.epoch ?? ''
        return this.#begin({ room, branch, epoch, parent, forkedAt: offset, floor, head: offset }, fact.at)
      }
      case 'trimmed':
        return this.#trim(fact.branch, fact.floor)
      case 'appended':
        return this.#append(fact)
      case 'transient':
        this.#transient.set(fact.id, fact.content)
    }
  }

  entry(id: string | undefined): Entry | undefined {
    return id === undefined ? undefined : this.#entries.get(id)
  }

  /** What a transient message said. */
  transient(id: string): string | undefined {
    return this.#transient.get(id)
  }

  current(room: string): Branch | undefined {
    return this.#current.get(room)
  }

  /** Whether there was another log of this room before the one that is there now. */
  hasChanged(room: string): boolean {
    for (const branch of this.#branches.values()) if (branch.room === room) return branch !== this.#current.get(room)
    return false
  }

  /** The highest floor that a log of this epoch ever had. */
  floorOf(room: string, epoch: string): number {
    let floor = 0
    for (const branch of this.#branches.values()) {
      if (branch.room === room && branch.epoch === epoch) floor = Math.max(floor, branch.floor)
    }
    return floor
  }

  knowsEpoch(room: string, epoch: string): boolean {
    for (const branch of this.#branches.values()) if (branch.room === room && branch.epoch === epoch) return true
    return false
  }

  /** The publication at a position; undefined where no log ever held it there. Offset 0 has none. */
  at(room: string, { epoch, offset, id }: StreamPosition): Entry | undefined {
    const entry = this.entry(id)
    const fits = entry && entry.branch.room === room && entry.branch.epoch === epoch && entry.offset === offset
    return fits ? entry : undefined
  }

  #begin(branch: Omit<Branch, 'number' | 'began'> & { readonly branch: number }, began: number): void {
    const { room, epoch, parent, forkedAt, floor, head } = branch
    const made: Branch = {
      number: branch.branch,
      room,
      epoch,
      parent,
      forkedAt,
      began,
      floor,
      head,
    }
    this.#branches.set(made.number, made)
    this.#current.set(room, made)
  }

  #trim(number: number, floor: number): void {
    const branch = this.#branches.get(number)
    if (branch) branch.floor = floor
  }

  #append(fact: Extract<Fact, { what: 'appended' }>): void {
    const branch = this.#branches.get(fact.branch)
    if (!branch) throw new Error(`there is no branch ${fact.branch}`)
    const { offset, id, user, clientId, content, at } = fact
    branch.head = offset
    this.#entries.set(id, { branch, offset, id, user, clientId, content, at })
  }
}

/** Whether this branch's log held the publication: it was appended to it, or to an ancestor before the fork. */
export function holds(branch: Branch, entry: Entry): boolean {
  for (let here: Branch | undefined = branch, most = entry.offset; here; here = here.parent) {
    if (here === entry.branch) return entry.offset <= most
    most = Math.min(most, here.forkedAt)
    if (entry.offset > here.forkedAt) return false
  }
  return false
}
