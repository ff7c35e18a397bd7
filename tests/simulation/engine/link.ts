import type { Deliver, Publication } from '../../../src/core/broadcast-adapter.ts'
import type { Chance } from '../chance.ts'
import { Pipe } from '../network/pipe.ts'
import type { Process } from '../process.ts'
import type { Recorder } from '../recorder.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Engine, Subscriber } from './engine.ts'

/** How an engine's link treats what it carries. Odds in a thousand. */
export interface LinkQuality {
  /** ms on the way, on average. */
  readonly delay: number
  /** Announcements that are lost though the link is up. */
  readonly loss: number
  readonly repeat: number
  readonly reorder: number
}

export interface LinkDeps {
  readonly name: string
  readonly engine: Engine
  readonly scheduler: Scheduler
  readonly chance: Chance
  readonly process: Process
  readonly recorder: Recorder
  readonly quality: () => LinkQuality
  /** Calls that the engine fails, of a thousand. */
  readonly failing: () => number
  /** An announcement of this room has been lost without a trace. */
  readonly lost: (room: string) => void
}

export interface LinkOwner {
  readonly announced: Deliver
  /** The link has ended, and with it all subscriptions. */
  readonly down: () => void
}

/** One connection between a hub's adapter and the engine. Calls and answers keep their order, announcements need not. */
export class Link implements Subscriber {
  readonly #deps: LinkDeps
  readonly #owner: LinkOwner
  readonly #calls: Pipe<() => void>
  readonly #answers: Pipe<() => void>
  readonly #pending = new Set<(reason: Error) => void>()
  #last = 0
  #isUp = true
  #isNoticed = false

  constructor(deps: LinkDeps, owner: LinkOwner) {
    const { scheduler, chance, quality, process } = deps
    const delay = (): number => chance.around(quality().delay)
    this.#deps = deps
    this.#owner = owner
    this.#calls = new Pipe({ scheduler, delay, arrive: (call) => call() })
    this.#answers = new Pipe({ scheduler, delay, arrive: (answer) => process.enter(answer) })
  }

  /** Has the engine do something, and answers what came of it. Fails where the link ends meanwhile: it may be done or not. */
  call<T>(work: () => T): Promise<T> {
    const { chance, failing } = this.#deps
    return new Promise((resolve, reject) => {
      if (this.#isNoticed) return reject(new Error('the link is down'))
      this.#pending.add(reject)
      const answer = (settle: () => void): void =>
        this.#answers.push(() => {
          if (this.#pending.delete(reject)) settle()
        })
      this.#calls.push(() => {
        if (chance.perMille(failing())) return answer(() => reject(new Error('the engine is busy')))
        try {
          const value = work()
          answer(() => resolve(value))
        } catch (reason) {
          answer(() => reject(reason))
        }
      })
    })
  }

  readonly announce = (room: string, epoch: string, publications: readonly Publication[]): void => {
    const { chance, scheduler, lost } = this.#deps
    const quality = this.#deps.quality()
    if (chance.perMille(quality.loss)) {
      this.#deps.recorder.note(`${this.#deps.name}: an announcement of ${room} is lost`)
      return lost(room)
    }
    for (let times = chance.perMille(quality.repeat) ? 2 : 1; times > 0; times--) {
      const late = chance.perMille(quality.reorder)
      const soon = Math.max(scheduler.now() + chance.around(quality.delay), this.#last)
      if (!late) this.#last = soon
      scheduler.at(late ? soon + chance.around(quality.delay * 4) : soon, () => {
        if (this.#isUp) this.#deps.process.enter(() => this.#owner.announced(room, epoch, publications))
      })
    }
  }

  /** Nothing passes for a while. */
  stop(): void {
    this.#calls.stop('partition')
    this.#answers.stop('partition')
  }

  go(): void {
    this.#calls.go('partition')
    this.#answers.go('partition')
  }

  /** The link ends: what is on the way is lost, and the hub notices after `notice` ms. */
  break(notice: number): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.#deps.engine.forget(this)
    this.#calls.cut()
    this.#answers.cut()
    this.#deps.scheduler.after(notice, () => {
      this.#deps.process.enter(() => {
        this.#isNoticed = true
        for (const reject of this.#pending) reject(new Error('the link broke'))
        this.#pending.clear()
        this.#owner.down()
      })
    })
  }
}
