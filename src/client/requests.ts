import { backoff } from './backoff.ts'
import type { Environment } from './environment.ts'
import { ParlorError } from './errors.ts'
import type { Reply } from './frames.ts'
import type { Message } from './messages.ts'
import type { Sender, Wire } from './wire.ts'

/** How many requests of all rooms may wait. */
export interface Capacity {
  readonly limit: number
  used: number
}

/** Something that a room is asked for. */
export interface Request<T> {
  /** The frame without `ref` and `age`. */
  readonly frame: object
  /** `query`: sent until it is answered. `publish`: that too, saying how old it is. `transient`: now or never. */
  readonly kind: 'query' | 'publish' | 'transient'
  /** The name of a publish. */
  readonly id?: string
  /** What the reply comes to; undefined: it is none to this. */
  readonly read: (reply: Reply) => { readonly value: T } | undefined
}

interface Entry {
  readonly kind: Request<unknown>['kind']
  readonly id: string | undefined
  /** JSON without the opening brace: what the application changes later does not change it. */
  readonly rest: string
  /** False where the reply is none to this. */
  readonly resolve: (reply: Reply) => boolean
  readonly reject: (error: ParlorError) => void
  /** The application asked for this end: it need not look at the error. */
  readonly excuse: () => void
  /** When it was first sent, by both clocks, and as whom; undefined too where nothing came of it. */
  first: { readonly now: number; readonly monotonic: number; readonly user: string } | undefined
  /** It may have been done: a connection was lost with it under way, or the server failed with it. */
  isUncertain: boolean
}

/** What one room was asked for and has not answered: kept in order, sent while the room is joined, and again after a break. */
export class Requests implements Sender {
  readonly #env: Environment
  readonly #capacity: Capacity
  readonly #entries: Entry[] = []
  #wire: Wire | undefined
  /** How many may be under way: one after the server refused for the time being, so that the order stays. */
  #window = 1
  readonly #underWay = new Set<Entry>()
  #failures = 0
  /** Stops the wait after such a refusal. */
  #pause: (() => void) | undefined
  #end: Pick<ParlorError, 'code' | 'message'> | undefined

  constructor(env: Environment, capacity: Capacity) {
    this.#env = env
    this.#capacity = capacity
  }

  ask<T>({ frame, kind, id, read }: Request<T>): Promise<T> {
    const refusal = this.#refusal(kind)
    if (refusal) return Promise.reject(refusal)
    let json: string
    try {
      json = JSON.stringify(frame)
    } catch (error) {
      return Promise.reject(error)
    }
    const promise = new Promise<T>((resolve, reject) => {
      this.#entries.push({
        kind,
        id,
        rest: json.slice(1),
        resolve(reply) {
          const found = read(reply)
          if (found) resolve(found.value)
          return found !== undefined
        },
        reject,
        excuse: () => void promise.catch(() => {}),
        first: undefined,
        isUncertain: false,
      })
    })
    this.#capacity.used++
    this.#wire?.want(this)
    return promise
  }

  /** The room is joined: what waits is sent. */
  open(wire: Wire): void {
    this.#wire = wire
    this.#window = wire.share
    this.#failures = 0
    wire.want(this)
  }

  /** The room is not joined any more. What is under way is answered, or lost with its wire. */
  shut(): void {
    this.#wire = undefined
    this.#pause?.()
    this.#pause = undefined
  }

  /** Nothing more is sent. `isExcused`: the application wanted it so. */
  end(why: Pick<ParlorError, 'code' | 'message'>, isExcused: boolean): void {
    this.shut()
    this.#end = why
    for (const entry of [...this.#entries]) {
      if (isExcused) entry.excuse()
      if (!this.#underWay.has(entry)) this.#giveUp(entry, why)
    }
  }

  /** A message of the stream. Where it is one that waits for its answer, there is no doubt any more that it was published. */
  seen({ clientId, from, position }: Message): void {
    const entry = this.#entries.find(({ id, first }) => id !== undefined && id === clientId && first?.user === from.id)
    // What the server answers to it later comes too late to matter.
    if (position) entry?.resolve({ type: 'ack', position })
  }

  sendNext(): boolean {
    const wire = this.#wire
    if (!wire || this.#pause || this.#underWay.size >= this.#window) return false
    const entry = this.#entries.find((each) => !this.#underWay.has(each))
    if (!entry) return false
    if (entry.isUncertain && entry.kind === 'publish' && entry.first?.user !== wire.user.id) {
      this.#giveUp(entry, { code: 'outcome_unknown', message: 'Sent as another user' })
      return true
    }
    const text = wire.textOf(`${this.#ageOf(entry)}${entry.rest}`)
    if (wire.isTooLarge(text)) {
      this.#giveUp(entry, { code: 'message_too_large', message: 'Too large' })
      return true
    }
    const failures = this.#failures
    const asked = { answered: (reply: Reply) => this.#answered(entry, reply, failures), lost: () => this.#lost(entry) }
    if (!wire.post(text, asked)) return false
    this.#underWay.add(entry)
    entry.first ??= { now: this.#env.now(), monotonic: this.#env.monotonic(), user: wire.user.id }
    return true
  }

  #refusal(kind: Entry['kind']): ParlorError | undefined {
    if (this.#end) return new ParlorError(this.#end.code, this.#end.message)
    if (kind === 'transient' && !this.#wire) return new ParlorError('not_sent', 'Not in the room')
    const { used, limit } = this.#capacity
    return used < limit ? undefined : new ParlorError('queue_full', `${limit} are waiting`)
  }

  /** The longer of two times: one clock stands still while the machine sleeps, the other may be set back. */
  #ageOf({ kind, first }: Entry): string {
    if (kind !== 'publish' || !first) return ''
    const age = Math.max(0, this.#env.now() - first.now, this.#env.monotonic() - first.monotonic)
    return `"age":${Math.ceil(age)},`
  }

  /** `failures`: those when it was sent. Were there others since, its acknowledgement does not say that they are over. */
  #answered(entry: Entry, reply: Reply, failures: number): void {
    this.#underWay.delete(entry)
    if (reply.type === 'error') this.#refused(entry, reply)
    else if (entry.resolve(reply)) {
      this.#remove(entry)
      if (failures === this.#failures) {
        this.#failures = 0
        this.#window = Math.min(this.#window * 2, this.#wire?.share ?? 1)
      }
    } else this.#giveUp(entry, { code: 'internal', message: `Answered with ${reply.type}` })
    this.#wire?.want(this)
  }

  #refused(entry: Entry, { code, message, retryable }: Extract<Reply, { type: 'error' }>): void {
    // Above a rate nothing was tried. Of anything else the server may not know that it was done after all (WS-14).
    if (retryable && code !== 'rate_limited') entry.isUncertain = true
    // Nothing was done: it is as if it had never been sent.
    if (!entry.isUncertain) entry.first = undefined
    if (!retryable || entry.kind === 'transient' || this.#end) return this.#giveUp(entry, { code, message })
    this.#window = 1
    if (this.#pause || !this.#wire) return
    this.#pause = this.#env.after(backoff(++this.#failures, this.#env.random()), () => {
      this.#pause = undefined
      this.#wire?.want(this)
    })
  }

  #lost(entry: Entry): void {
    this.#underWay.delete(entry)
    entry.isUncertain = true
    if (this.#end) this.#giveUp(entry, this.#end)
    else if (entry.kind === 'transient') {
      this.#giveUp(entry, { code: 'not_sent', message: 'Lost before the answer' })
    }
  }

  #giveUp(entry: Entry, { code, message }: Pick<ParlorError, 'code' | 'message'>): void {
    this.#remove(entry)
    const mayBeDone = entry.kind !== 'query' && (entry.isUncertain || code === 'internal' || code === 'outcome_unknown')
    entry.reject(new ParlorError(code, message, mayBeDone ? 'unknown' : 'not_done'))
  }

  #remove(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1)
    this.#capacity.used--
  }
}
