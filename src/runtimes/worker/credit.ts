import * as v from 'valibot'
import { FRAME_COST, type Gauge } from './gauge.ts'

/** Bytes that a peer may have been sent and not have said to have seen, before they count as waiting. */
export const CREDIT = 512 * 1024
/**
 * Bytes after which it is asked how far it is: a question costs a frame, and its answer an event. One that is half a credit behind is asked more
 * often: the older its last answer, the more of what it has read counts as waiting.
 */
const ASK_EVERY = { prompt: 128 * 1024, behind: 64 * 1024 } as const
/**
 * Bytes by which what is kept of it runs ahead, so that not every message has to be noted down: few after memory was lost, twice as many
 * each time, up to the most. What was kept too much is asked about sooner the next time.
 */
const KEEP_AHEAD = { first: 4 * 1024, most: 128 * 1024 } as const

const Bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** What has to be remembered where memory may be lost. `sent` is never too low, nor is `seen` too high. */
export const KeptCredit = v.object({ sent: Bytes, asked: Bytes, seen: Bytes })
export type KeptCredit = v.InferOutput<typeof KeptCredit>

export interface CreditOwner {
  /** Asks the peer to say when it has read everything up to here. */
  ask(upTo: number): void
  /** The peer has read further than was known. Called before whoever waits for that. */
  read(): void
  /** What `kept` answers has changed. */
  changed(): void
}

/**
 * What a peer was sent beyond what it has said to have seen. It says so whenever it is asked, and is asked in the midst of what it is
 * sent: its answer tells how far it has read.
 */
export class Credit implements Gauge {
  readonly #owner: CreditOwner
  /** In bytes since the connection began, as all of these. */
  #sent: number
  #asked: number
  #seen: number
  #keptSent: number
  #ahead: number = KEEP_AHEAD.first
  #waiting: (() => void)[] = []

  /** `kept`: of a peer that was there before memory was lost. */
  constructor(owner: CreditOwner, kept: KeptCredit = { sent: 0, asked: 0, seen: 0 }) {
    this.#owner = owner
    this.#sent = kept.sent
    this.#keptSent = kept.sent
    this.#asked = kept.asked
    this.#seen = kept.seen
  }

  get kept(): KeptCredit {
    return { sent: this.#keptSent, asked: this.#asked, seen: this.#seen }
  }

  spend(length: number): void {
    this.#sent += length + FRAME_COST
    const isBehind = this.#sent - this.#seen > CREDIT / 2
    if (this.#sent - this.#asked >= (isBehind ? ASK_EVERY.behind : ASK_EVERY.prompt)) this.#ask()
    else if (this.#sent > this.#keptSent) this.#keep()
  }

  excess(): number {
    return Math.max(0, this.#sent - this.#seen - CREDIT)
  }

  whenDrained(task: () => void): void {
    this.#waiting.push(task)
    // Whatever was asked may have been answered already: without another question nothing would ever come.
    const isAnswerDue = this.#seen < this.#asked
    if (this.#asked < this.#sent || !isAnswerDue) this.#ask()
  }

  /** The peer says how far it has read. What it can't have been asked about tells nothing. */
  seen(upTo: number): void {
    if (upTo <= this.#seen || upTo > this.#asked) return
    this.#seen = upTo
    this.#owner.read()
    for (const task of this.#waiting.splice(0)) task()
  }

  #ask(): void {
    this.#sent += FRAME_COST
    this.#asked = this.#sent
    this.#keep()
    this.#owner.ask(this.#asked)
  }

  #keep(): void {
    this.#keptSent = Math.max(this.#keptSent, this.#sent + this.#ahead)
    this.#ahead = Math.min(2 * this.#ahead, KEEP_AHEAD.most)
    this.#owner.changed()
  }
}
