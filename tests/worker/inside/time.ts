import type { Clock } from '../../../src/core/clock.ts'

/** Of all objects of a test file: real, and so many ms ahead as a test says. */
export class ShiftedClock implements Clock {
  #ahead = 0

  now(): number {
    return Date.now() + this.#ahead
  }

  wall(): number {
    return this.now()
  }

  pass(ms: number): void {
    this.#ahead += ms
  }
}

export const clock = new ShiftedClock()
