import type { Cancel, EventLoop } from './clock.ts'
import type { Turns } from './turns.ts'

type State = { readonly kind: 'none' } | { readonly kind: 'turn' } | { readonly kind: 'timer'; readonly cancel: Cancel }

const NONE: State = { kind: 'none' }
const TURN: State = { kind: 'turn' }

/** When a room's next flush comes: nobody knows, at the end of this turn, or after a while. A new plan takes the place of the one before. */
export class FlushPlan {
  readonly #loop: EventLoop
  readonly #turns: Turns
  readonly #flush: () => void
  readonly #turnEnds: () => void
  #state = NONE

  /** `turnEnds`: called at the end of the turn that was planned for, if the plan still stands; by default that is the flush. */
  constructor(loop: EventLoop, turns: Turns, flush: () => void, turnEnds: () => void = flush) {
    this.#loop = loop
    this.#turns = turns
    this.#flush = flush
    this.#turnEnds = () => {
      if (this.#state.kind === 'turn') turnEnds()
    }
  }

  get kind(): State['kind'] {
    return this.#state.kind
  }

  atTurnsEnd(): void {
    this.cancel()
    this.#state = TURN
    this.#turns.flushAtEnd(this.#turnEnds)
  }

  after(ms: number): void {
    this.cancel()
    this.#state = { kind: 'timer', cancel: this.#loop.after(ms, this.#flush) }
  }

  cancel(): void {
    if (this.#state.kind === 'timer') this.#state.cancel()
    this.#state = NONE
  }
}
