import type { BroadcastAdapter, HistoryPage, Publication } from './broadcast-adapter.ts'
import type { Cancel, EventLoop } from './clock.ts'
import { type Eventually, settle } from './eventually.ts'
import type { Mark } from './log.ts'
import type { LogCopy } from './log-copy.ts'
import type { Logger } from './logger.ts'
import type { StreamPosition } from './protocol.ts'
import { within } from './within.ts'

/** Publications that are read from the adapter's log at a time. */
const READ_PAGE = 64
/** Announcements that are held while the log is read; beyond that they are forgotten, and read as well. */
const MAX_HELD = 1024
/** ms until a failed read is tried again: the first time, and at most. */
const RETRY = { first: 1000, most: 10_000 } as const
/** Reads that may find a log that does not have yet what was announced, before the announcement is disbelieved. */
const PATIENCE = 3
/** Answers that may contradict the copy before one goes on from it. Then the adapter is given time: asking at once would spin. */
const CONTRADICTIONS = 5

export interface FeedDeps {
  readonly adapter: BroadcastAdapter
  readonly loop: EventLoop
  readonly log: Logger
  /** ms after which a read of the adapter's log, or a subscribe, that has not been answered has failed. */
  readonly patience: number
}

/** Reads what follows `start` in the adapter's log. An answer that comes too late is a failure, and changes nothing. */
export function readLog(
  { adapter, loop, patience }: FeedDeps,
  room: string,
  start: StreamPosition,
): Eventually<HistoryPage> {
  return within(loop, patience, adapter.history(room, start, READ_PAGE))
}

/** What waits until the log has been read. `forgotten`: announcements of which only the log can tell. */
type Held =
  | { readonly kind: 'announced'; readonly epoch: string; readonly publication: Publication }
  | { readonly kind: 'forgotten' }

/**
 * `none`: nothing is read; `failure` is what the last question failed with, where the copy went on without its answer.
 * `asked`: the answer to this question, about the mark `about`, is awaited, and to no earlier one. It answers the first `judged` of those held.
 * `failed`: what has to be read could not be, and is tried again.
 */
type Reading =
  | { readonly kind: 'none'; readonly failure?: { readonly reason: unknown } }
  | { readonly kind: 'asked'; readonly about: Mark; judged: number }
  | { readonly kind: 'failed'; readonly cancel: Cancel }

type Question = Extract<Reading, { kind: 'asked' }>

const NO_READING: Reading = { kind: 'none' }

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * Keeps a hub's copy of a room's log true to the adapter's. Announcements are only hints: one that is next is taken, one that is known is
 * dropped, and whatever else comes (a jump, a known offset with another id, another epoch) has the log read and believed. It is held until
 * then, and what comes after it too, so that nothing overtakes what is missing; so is everything while the log is in doubt. A question that
 * somebody only wants answered holds nothing up.
 */
export class Feed {
  readonly copy: LogCopy
  readonly #room: string
  readonly #deps: FeedDeps
  #held: Held[] = []
  #reading: Reading = NO_READING
  /** The log has, or may have, what has not been read or gone through yet. */
  #behind = false
  #disbelief = 0
  #contradictions = 0
  #doubtful = false
  /** What the copy has and an answer has something else for: the next question is about that. */
  #disputed: Mark | undefined
  #retryAfter: number = RETRY.first
  /** Who waits for the answer; and who came when the question had been asked already, which can't know of what they ask. */
  #waiters: Waiter[] = []
  #late: Waiter[] = []
  #closed = false

  constructor(room: string, copy: LogCopy, deps: FeedDeps) {
    this.#room = room
    this.copy = copy
    this.#deps = deps
  }

  deliver(epoch: string, publications: readonly Publication[]): void {
    for (const publication of publications) {
      if (this.#held.length >= MAX_HELD) this.#forget()
      if (this.#isFollowing && this.copy.takes(epoch, publication)) continue
      this.#held.push({ kind: 'announced', epoch, publication })
    }
    this.#judgeHeld()
  }

  /** Announcements were lost on the way here: they are read. */
  missed(): void {
    this.#forget()
    this.#judgeHeld()
  }

  /** The engine was away: until the log has been compared nothing is known of it, and what can't be compared any more is another one. */
  doubt(): void {
    this.#doubtful = true
    // What was announced over a connection that broke says nothing about the log behind the new one.
    this.#held = []
    // Nor does an answer to what was asked over it.
    if (this.#reading.kind === 'asked') this.#read()
  }

  /**
   * Compares the copy with the adapter's log, by the head's id, and first by that of what is `disputed`, for which somebody found something else
   * there. Reads what is missing. Fails where the log can't be read.
   */
  check(disputed?: Mark): Promise<void> | undefined {
    if (this.#closed) return undefined
    const isNews = disputed !== undefined && !this.#doubtful
    if (isNews) {
      this.#disputed = disputed
      this.#doubtful = true
    }
    const isLate = this.#reading.kind === 'asked' && !isNews
    if (!isLate) this.#read()
    const reading = this.#reading
    if (reading.kind === 'none') return reading.failure && Promise.reject(reading.failure.reason)
    return new Promise((resolve, reject) => (isLate ? this.#late : this.#waiters).push({ resolve, reject }))
  }

  /** The engine was away, or contradicted itself, and the log has not been compared since: the copy may be of a log that is no more. */
  get isDoubtful(): boolean {
    return this.#doubtful
  }

  /** Follows the log no more. */
  close(): void {
    this.#closed = true
    this.#cancelRetry()
    this.#held = []
    this.#failWaiters(new Error('the room was left'))
  }

  /** The copy is the log, as far as anybody knows, and judges announcements by itself: whether or not somebody wants to know more. */
  get #isFollowing(): boolean {
    return this.#held.length === 0 && !this.#doubtful
  }

  #judgeHeld(): void {
    if (this.#held.length > 0 && this.#reading.kind === 'none') this.#read()
  }

  /** The log has it all. */
  #forget(): void {
    this.#held = [{ kind: 'forgotten' }]
    if (this.#reading.kind === 'asked') this.#reading.judged = 0
  }

  /** Reads until the copy has what the log has. With an adapter that answers at once, so does this. */
  #read(): void {
    this.#cancelRetry()
    while (!this.#closed) {
      const about = this.#disputed ?? this.copy.log.head
      const question: Question = { kind: 'asked', about, judged: this.#held.length }
      this.#reading = question
      this.#waiters = [...this.#waiters, ...this.#late.splice(0)]
      let more = false
      const work = settle(
        () => readLog(this.#deps, this.#room, { epoch: this.copy.epoch, ...about }),
        (page) => {
          more = this.#reading === question && this.#answered(page, question)
        },
        (reason) => {
          if (this.#reading === question) this.#failed(reason)
        },
      )
      if (work !== undefined) {
        void work.then(() => {
          if (more && this.#reading === question) this.#read()
        })
        return
      }
      if (!more) return
    }
  }

  #cancelRetry(): void {
    if (this.#reading.kind === 'failed') this.#reading.cancel()
  }

  /** Takes an answer. True where the log has to be read once more. */
  #answered(page: HistoryPage, question: Question): boolean {
    if (this.#closed) return false
    this.#behind = true
    if (this.#isContradicted(page, question)) return true
    const { log } = this.copy
    if (log.head.offset < page.head.offset) {
      if (log.head === question.about) throw new Error('the page does not go on where it was asked to')
      return true
    }
    this.#retryAfter = RETRY.first
    this.#contradictions = 0
    this.#behind = this.#believe(question.judged)
    if (this.#behind) return true
    for (const { resolve } of this.#waiters.splice(0)) resolve()
    if (this.#late.length > 0) return true
    this.#reading = NO_READING
    return false
  }

  /** Takes a page. True where that was another log's than the copy, and leaves something to ask; fails where it always is. */
  #isContradicted(page: HistoryPage, { about }: Question): boolean {
    const { log, origin } = this.copy
    const wasDisputed = about === this.#disputed
    const hasGoneOn = !wasDisputed && log.head !== about
    this.#disputed = this.copy.reconcile(page, about, this.#doubtful)
    const isDisputed = this.#disputed !== undefined
    const isOther = this.copy.origin !== origin
    // Where it has what was disputed after all, that says nothing of the head.
    this.#doubtful = isDisputed || (wasDisputed && !isOther)
    if (isDisputed || isOther) this.#contradictions++
    if ((wasDisputed && isDisputed) || this.#contradictions > CONTRADICTIONS)
      throw new Error('the log contradicts itself')
    // What was taken since the question was of the log that is no more, or of this one, which has it then.
    return this.#doubtful || (hasGoneOn && isOther)
  }

  /**
   * Goes through what was held. What came before the question has been answered by the log, and is never taken from an announcement: it may
   * be the word of an engine that is none any more. True: the log must be read again.
   */
  #believe(judged: number): boolean {
    const held = this.#held
    this.#held = []
    for (const [i, each] of held.entries()) {
      const isDone = i < judged ? this.#isAnswered(each) : this.#isTaken(each)
      if (isDone) continue
      this.#held = held.slice(i)
      return true
    }
    this.#disbelief = 0
    return false
  }

  #isTaken(held: Held): boolean {
    return held.kind === 'announced' && this.copy.takes(held.epoch, held.publication)
  }

  /** False where the log should have this one, and may have it a little later. */
  #isAnswered(held: Held): boolean {
    if (held.kind === 'forgotten' || held.epoch !== this.copy.epoch) return true
    const { epoch, publication } = held
    if (publication.offset === undefined) return this.copy.takes(epoch, publication)
    if (publication.offset <= this.copy.log.head.offset) return true
    return this.#disbelief++ >= PATIENCE
  }

  #failed(reason: unknown): void {
    if (this.#closed) return
    this.#contradictions = 0
    this.#failWaiters(reason)
    if (this.#isFollowing && !this.#behind) {
      // Somebody only wanted to know.
      this.#deps.log.warn('reading the log of a room failed', { reason })
      this.#reading = { kind: 'none', failure: { reason } }
      return
    }
    this.#deps.log.warn('reading the log of a room failed; trying again', { reason })
    this.#reading = { kind: 'failed', cancel: this.#deps.loop.after(this.#retryAfter, () => this.#read()) }
    this.#retryAfter = Math.min(this.#retryAfter * 2, RETRY.most)
  }

  #failWaiters(reason: unknown): void {
    for (const { reject } of [...this.#waiters.splice(0), ...this.#late.splice(0)]) reject(reason)
  }
}
