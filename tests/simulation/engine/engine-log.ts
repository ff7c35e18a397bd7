import type { Draft, HistoryPage, HistoryStart, Publication, Published } from '../../../src/core/broadcast-adapter.ts'
import { RequestError } from '../../../src/core/errors.ts'
import type { StreamPosition } from '../../../src/core/protocol.ts'

export interface EngineLimits {
  /** Publications that can be read. */
  readonly size: number
  /** ms for which they can. */
  readonly ttl: number
  /** ms for which a client's id is remembered. */
  readonly dedupeTtl: number
}

interface Remembered {
  readonly offset: number
  readonly body: string
  readonly time: number
}

/** One room's log as the simulated engine has it: all that was ever appended, of which the end can be read. */
export class EngineLog {
  readonly epoch: string
  branch: number
  readonly #limits: EngineLimits
  /** The one at index `i` has offset `i + 1`. */
  readonly #all: (Publication & { readonly offset: number })[] = []
  readonly #remembered = new Map<string, Remembered>()
  #floor = 0

  constructor(epoch: string, branch: number, limits: EngineLimits) {
    this.epoch = epoch
    this.branch = branch
    this.#limits = limits
  }

  get floor(): number {
    return this.#floor
  }

  get size(): number {
    return this.#all.length - this.#floor
  }

  get head(): StreamPosition {
    return this.#positionAt(this.#all.length)
  }

  append(publication: Publication): Publication & { readonly offset: number } {
    const offset = this.#all.length + 1
    const kept = { ...publication, offset }
    const { from, clientId, body, time } = publication
    this.#all.push(kept)
    if (clientId !== undefined) {
      this.#remembered.set(`${from.id} ${clientId}`, { offset, body: JSON.stringify(body), time })
    }
    return kept
  }

  /** What an earlier publish with the same client id was answered. */
  recall({ from, clientId, body, age = 0 }: Draft, now: number): Published | undefined {
    if (clientId === undefined) return undefined
    const known = this.#remembered.get(`${from.id} ${clientId}`)
    if (known && known.time > now - this.#limits.dedupeTtl) {
      if (known.body !== JSON.stringify(body)) throw new RequestError('id_reused', 'Another content', 'id')
      return { position: this.#positionAt(known.offset), duplicate: true }
    }
    if (age >= this.#limits.dedupeTtl) throw new RequestError('outcome_unknown', 'Too long ago', 'age')
    return undefined
  }

  read(start: HistoryStart, limit: number): HistoryPage {
    const { epoch, head } = this
    const known = start.epoch === epoch && start.offset >= this.#floor && start.offset <= head.offset
    const at = this.#positionAt(start.offset)
    const intact = known && (start.id === undefined || start.id === at.id)
    const from = intact ? at : this.#positionAt(this.#floor)
    return { publications: this.#all.slice(from.offset, from.offset + limit), start: from, head, intact }
  }

  /** Lets go of what is beyond the bounds. True where that was something. */
  expire(now: number): boolean {
    let floor = Math.max(this.#floor, this.#all.length - this.#limits.size)
    while ((this.#all[floor]?.time ?? now) <= now - this.#limits.ttl) floor++
    return this.trim(floor)
  }

  trim(floor: number): boolean {
    if (floor <= this.#floor) return false
    this.#floor = Math.min(floor, this.#all.length)
    return true
  }

  /** Forgets everything after `offset`, as a replica that never heard of it. */
  fork(offset: number, branch: number): void {
    this.branch = branch
    this.#all.length = offset
    this.#floor = Math.min(this.#floor, offset)
    for (const [key, known] of this.#remembered) if (known.offset > offset) this.#remembered.delete(key)
  }

  #positionAt(offset: number): StreamPosition {
    const id = this.#all[offset - 1]?.id
    return { epoch: this.epoch, offset, ...(id === undefined ? {} : { id }) }
  }
}
