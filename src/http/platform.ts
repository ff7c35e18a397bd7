import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

/** Wall time that never goes back: the start of the process by the wall clock, and what has passed since by a steady one. */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuv'

/** Ids from the platform's cryptographic randomness, 5 bits a character. */
export const systemRandom: Random = {
  id: (length) =>
    Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => ALPHABET.charAt(byte & 31)).join(''),
}
