import type { StreamPosition } from './protocol.ts'

/** The bounds of a dedupe window. */
export interface DedupeLimits {
  /** ms for which a client id is remembered. */
  readonly ttl: number
  /** How many ids are remembered for one publisher. */
  readonly perPublisher: number
}

export const DEDUPE_LIMITS: DedupeLimits = { ttl: 300_000, perPublisher: 1000 }

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
  #nextSweep = 0

  constructor(limits: DedupeLimits = DEDUPE_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#publishers.size
  }

  /** What is known of this id. A resend (`age` ms old) from before what is still known is `unknown`, never guessed to be fresh. */
  ask(publisher: string, clientId: string, fingerprint: string, now: number, age = 0): DedupeAnswer {
    const known = this.#publishers.get(publisher)
    const seen = known?.ids.get(clientId)
    if (seen && seen.time > now - this.#limits.ttl) {
      return seen.fingerprint === fingerprint ? { kind: 'duplicate', position: seen.position } : { kind: 'reused' }
    }
    const firstSent = now - age
    const forgotten = Math.max(now - this.#limits.ttl, known?.forgottenUntil ?? 0)
    return age > 0 && firstSent <= forgotten ? { kind: 'unknown' } : { kind: 'fresh' }
  }

  remember(publisher: string, clientId: string, fingerprint: string, position: StreamPosition, now: number): void {
    if (this.#publishers.size === 0) this.#nextSweep = now + this.#limits.ttl
    const known = this.#publishers.get(publisher) ?? { ids: new Map(), forgottenUntil: 0 }
    this.#publishers.set(publisher, known)
    known.ids.delete(clientId)
    known.ids.set(clientId, { position, fingerprint, time: now })
    if (known.ids.size > this.#limits.perPublisher) forgetOldest(known)
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
