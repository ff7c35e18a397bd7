import type { Clock } from '../../src/core/clock.ts'
import type { Event, Fact } from './facts.ts'

/** Collects what happens in a run, in order. */
export class Recorder {
  readonly facts: Fact[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(text: string): void {
    this.see({ what: 'note', text })
  }

  see(event: Event): void {
    this.facts.push({ at: this.#clock.now(), ...event })
  }
}

/** A fact as a line of a trace. */
export function line({ at, what, ...rest }: Fact): string {
  const said = Object.entries(rest).map(([name, value]) =>
    typeof value === 'string' ? `${name}=${value}` : `${name}=${JSON.stringify(value)}`,
  )
  return `${`${at}`.padStart(6)} ${[what, ...said].join(' ')}`.replace(/x{9,}/g, (filling) => `x*${filling.length}`)
}
