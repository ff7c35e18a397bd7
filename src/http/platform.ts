import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

/** When the process started, by the wall clock. In ms since 1970. */
const STARTED = performance.timeOrigin

/** `now` is the start of the process by the wall clock, and what has passed since by a steady one. */
export const systemClock: Clock = {
  now: () => Math.floor(STARTED + performance.now()),
  wall: () => Date.now(),
}

/** 32 letters and digits, as character codes. */
const ALPHABET = new TextEncoder().encode('0123456789abcdefghijklmnopqrstuv')

/** Ids from the platform's cryptographic randomness, 5 bits a character. */
export const systemRandom: Random = {
  id: (length) => {
    const bytes = crypto.getRandomValues(new Uint8Array(length))
    return String.fromCharCode(...bytes.map((byte) => ALPHABET[byte & 31] ?? 0))
  },
}
