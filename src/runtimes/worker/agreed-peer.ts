import type { Cancel, Clock, EventLoop } from '../../core/clock.ts'
import { encode } from '../../core/codec.ts'
import { Credit, type KeptCredit } from './credit.ts'
import type { Gauge } from './gauge.ts'

/** ms between two looks at a peer that does not read. Meanwhile the object can't hibernate: what waits is in its memory. */
const LOOK = 5000
/** ms for which it need not be noted down again that it was heard: what is lost with the memory is no older. */
const NOTE = 1000

/** What has to be remembered of such a peer where memory may be lost. */
export interface KeptPeer {
  /** When it was last heard, or opened, in ms since 1970. */
  readonly heard: number
  readonly credit: KeptCredit
}

export interface AgreedPeerDeps {
  readonly clock: Clock
  readonly loop: EventLoop
  /** Hands a text to the socket. */
  readonly send: (text: string) => void
  readonly isOpen: () => boolean
  /** When the runtime last answered a ping by itself, in ms since 1970; undefined: never. */
  readonly pingedAt: () => number | undefined
  /** What `kept` answers has changed. */
  readonly changed: () => void
}

/** A peer that agreed to `parlor.v1`: it says what it has seen when it is asked, and pings by itself. */
export class AgreedPeer implements Gauge {
  readonly #deps: AgreedPeerDeps
  readonly #credit: Credit
  #heard: number
  /** When it was last noted down that it was heard. */
  #noted: number
  /** Since when it has not read what it was sent, and how to look no more. */
  #full: { readonly since: number; stopLooking: Cancel } | undefined

  /** `kept`: of a peer that was there before memory was lost. */
  constructor(deps: AgreedPeerDeps, kept?: KeptPeer) {
    this.#deps = deps
    this.#heard = kept?.heard ?? deps.clock.now()
    this.#noted = this.#heard
    this.#credit = new Credit(
      {
        ask: (upTo) => deps.send(encode({ type: 'seen', upTo })),
        read: () => this.#read(),
        changed: () => deps.changed(),
      },
      kept?.credit,
    )
  }

  get kept(): KeptPeer {
    return { heard: this.#heard, credit: this.#credit.kept }
  }

  spend(length: number): void {
    this.#credit.spend(length)
  }

  excess(): number {
    return this.#credit.excess()
  }

  whenDrained(task: () => void): void {
    this.#full ??= { since: this.#deps.clock.now(), stopLooking: this.#look() }
    this.#credit.whenDrained(task)
  }

  seen(upTo: number): void {
    this.#credit.seen(upTo)
  }

  /** A frame has come from it, whatever it says: a ping that the runtime does not know, too. */
  heard(): void {
    this.#heard = this.#deps.clock.now()
    if (this.#heard - this.#noted < NOTE) return
    this.#noted = this.#heard
    this.#deps.changed()
  }

  /** A ping of one that does not read says only that it does not read. */
  heardAt(): number {
    return Math.max(this.#heard, this.#full?.since ?? this.#deps.pingedAt() ?? 0)
  }

  /** Whoever waits is told next, and may find it full again. */
  #read(): void {
    this.#heard = this.#deps.clock.now()
    this.#full?.stopLooking()
    this.#full = undefined
  }

  #look(): Cancel {
    return this.#deps.loop.after(LOOK, () => {
      if (this.#full && this.#deps.isOpen()) this.#full.stopLooking = this.#look()
    })
  }
}
