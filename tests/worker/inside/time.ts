import { vi } from 'vitest'
import type { Clock } from '../../../src/core/clock.ts'
import { systemClock } from '../../../src/http/platform.ts'

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

/** What runs in these objects has this time, by both of its clocks. To be restored after the test. */
export function ownTime(): void {
  vi.spyOn(systemClock, 'now').mockImplementation(() => clock.now())
  vi.spyOn(systemClock, 'wall').mockImplementation(() => clock.wall())
}
