const BASE = 500
const CAP = 30_000
/** No wait is shorter: chance alone must not make a tight loop. */
const LEAST = 100

/**
 * ms to wait after `failures` in a row, the first of them being 1: exponential, with full jitter, so that many clients
 * come back evenly spread. `window`: over how many ms they are to be spread at least. `random`: from 0 to 1.
 */
export function backoff(failures: number, random: number, window = 0): number {
  const most = Math.max(window, Math.min(CAP, BASE * 2 ** (failures - 1)))
  return Math.max(LEAST, Math.round(random * most))
}
