import { RequestError } from './errors.ts'
import type { StreamPosition } from './protocol.ts'

/** The bounds of a dedupe window. */
export interface DedupeLimits {
  /** ms for which a client id is remembered. */
  readonly ttl: number
  /** How many ids are remembered for one publisher. */
  readonly perPublisher: number
}

export const DEDUPE_LIMITS: DedupeLimits = { ttl: 300_000, perPublisher: 1000 }

/** ms that a message may have been under way when its publisher's ids were pushed out by their number. */
const UNDER_WAY = 2000

/**
 * Whether a resend that is not remembered may be of something that was, and has been forgotten: because of its age, or because it was first
 * seen until `pushedOut` (ms since 1970). Either way some time is left for that in which the two sendings were under way.
 */
export const mayBeForgotten = (age: number, now: number, pushedOut: number, { ttl }: DedupeLimits): boolean =>
  age > 0 && (age >= ttl * 0.9 || (pushedOut > 0 && now - age <= pushedOut + Math.min(UNDER_WAY, ttl / 10)))

/** A client id on its way to a log. */
export interface ClientKey {
  readonly publisher: string
  readonly clientId: string
  readonly fingerprint: string
  /** ms since it was first sent. */
  readonly age: number
}

/** `content`: the body as JSON. */
export const clientKey = (publisher: string, clientId: string, content: string, age = 0): ClientKey => ({
  publisher,
  clientId,
  fingerprint: fingerprint(content),
  age,
})

interface Remembered {
  readonly position: StreamPosition
  readonly fingerprint: string
  readonly time: number
}

interface Publisher {
  /** By client id, the oldest first. */
  readonly ids: Map<string, Remembered>
  /** Ids first seen at this time or before may have been forgotten because of their number. */
  forgottenUntil: number
}

export type DedupeAnswer =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'duplicate'; readonly position: StreamPosition }
  | { readonly kind: 'reused' }
  | { readonly kind: 'unknown' }

/** What one room remembers of client ids, so that a publish that is sent again is in the log once. */
export class Dedupe {
  readonly #limits: DedupeLimits
  readonly #publishers = new Map<string, Publisher>()
  #ids = 0
  #nextSweep = 0
  /** Ids first seen at this time or before may have been forgotten, whoever published them. */
  #forgottenUntil: number

  constructor(limits: DedupeLimits = DEDUPE_LIMITS, forgottenUntil = 0) {
    this.#limits = limits
    this.#forgottenUntil = forgottenUntil
  }

  get size(): number {
    return this.#publishers.size
  }

  /** How many ids are remembered. */
  get ids(): number {
    return this.#ids
  }

  /** What is known of this id. A resend (`age` ms old) from before what is still known is `unknown`, never guessed to be fresh. */
  ask(publisher: string, clientId: string, fingerprint: string, now: number, age = 0): DedupeAnswer {
    const known = this.#publishers.get(publisher)
    const seen = known?.ids.get(clientId)
    if (seen && seen.time > now - this.#limits.ttl) {
      return seen.fingerprint === fingerprint ? { kind: 'duplicate', position: seen.position } : { kind: 'reused' }
    }
    const forgotten = Math.max(this.#forgottenUntil, known?.forgottenUntil ?? 0)
    return mayBeForgotten(age, now, forgotten, this.#limits) ? { kind: 'unknown' } : { kind: 'fresh' }
  }

  remember(publisher: string, clientId: string, fingerprint: string, position: StreamPosition, now: number): void {
    if (this.#publishers.size === 0) this.#nextSweep = now + this.#limits.ttl
    const known = this.#publishers.get(publisher) ?? { ids: new Map(), forgottenUntil: 0 }
    this.#publishers.set(publisher, known)
    if (!known.ids.delete(clientId)) this.#ids++
    known.ids.set(clientId, { position, fingerprint, time: now })
    if (known.ids.size <= this.#limits.perPublisher) return
    forgetOldest(known)
    this.#ids--
  }

  /** Forgets everything, and that it was: a resend of what was published until `now` is `unknown`. */
  forget(now: number): void {
    this.#publishers.clear()
    this.#ids = 0
    this.#forgottenUntil = now
  }

  /** When to call `expire` next, in ms since 1970; undefined: nothing is remembered. */
  get expires(): number | undefined {
    return this.#publishers.size > 0 ? this.#nextSweep : undefined
  }

  /** Forgets what is older than the window. Afterwards `size` is 0 where nothing is remembered. */
  expire(now: number): void {
    for (const [publisher, known] of this.#publishers) {
      for (const [clientId, seen] of known.ids) {
        if (seen.time > now - this.#limits.ttl) break
        known.ids.delete(clientId)
        this.#ids--
      }
      if (known.ids.size === 0) this.#publishers.delete(publisher)
    }
    this.#nextSweep = now + this.#limits.ttl / 10
  }
}

function forgetOldest(known: Publisher): void {
  for (const [clientId, seen] of known.ids) {
    known.ids.delete(clientId)
    known.forgottenUntil = Math.max(known.forgottenUntil, seen.time)
    return
  }
}

/** The position of the earlier publish; undefined: there was none. Fails where the client must be told why it can't be done. */
export function recalled(answer: DedupeAnswer): StreamPosition | undefined {
  switch (answer.kind) {
    case 'fresh':
      return undefined
    case 'duplicate':
      return answer.position
    case 'reused':
      throw new RequestError('id_reused', 'This id was used for another content', 'id')
    case 'unknown':
      throw new RequestError(
        'outcome_unknown',
        'Too long ago to say whether this was published: read the history',
        'age',
      )
  }
}

/** A short digest of a body: two different bodies of one publisher under one id have the same one by accident only (53 bits). */
export function fingerprint(text: string): string {
  let low = 0xdeadbeef
  let high = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 2654435761)
    high = Math.imul(high ^ unit, 1597334677)
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  return `${(high >>> 0).toString(36)}.${(low >>> 0).toString(36)}.${text.length.toString(36)}`
}
