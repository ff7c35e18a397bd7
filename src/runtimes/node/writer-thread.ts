import type { CONTROL, JOB, PORTION, Share } from './share.ts'

/** What the code of a thread is given: it stands alone, as text, and can import nothing. */
export interface WriterData {
  readonly share: Share
  readonly CONTROL: typeof CONTROL
  readonly JOB: typeof JOB
  readonly PORTION: typeof PORTION
}

/** Writes some of `bytes` to a descriptor that does not block: answers how many the kernel took, or throws where it takes none. */
type WriteSync = (fd: number, bytes: Uint8Array, offset: number, length: number) => number

/**
 * What a writer thread does as long as it lives: it takes jobs on, a portion at a time, until there are none left, and sleeps until the next
 * round. What the kernel does not take, for whatever reason, is left to the main thread.
 */
function writeShares(
  writeSync: WriteSync,
  { share: { control, jobs, bytes }, CONTROL, JOB, PORTION }: WriterData,
): void {
  // Most of what is thrown says that a socket is full.
  Error.stackTraceLimit = 0
  let round = 0
  while (round >= 0) {
    let left = Atomics.sub(control, CONTROL.left, PORTION)
    while (left > 0) {
      const began = performance.now()
      const first = Math.max(0, left - PORTION)
      for (let at = first * JOB.size; at < left * JOB.size; at += JOB.size) {
        let taken = 0
        try {
          taken = writeSync(jobs[at + JOB.fd] ?? -1, bytes, jobs[at + JOB.offset] ?? 0, jobs[at + JOB.length] ?? 0)
        } catch {
          // The main thread meets it too.
        }
        jobs[at + JOB.taken] = taken
      }
      Atomics.add(control, CONTROL.spent, (performance.now() - began) * 1000)
      Atomics.add(control, CONTROL.done, left - first)
      Atomics.notify(control, CONTROL.done)
      left = Atomics.sub(control, CONTROL.left, PORTION)
    }
    Atomics.wait(control, CONTROL.round, round)
    round = Atomics.load(control, CONTROL.round)
  }
}

/** The code of a writer thread, which needs no file of its own, so that bundled applications have it too. Its `workerData` is a WriterData. */
export const WRITER_CODE = `(${writeShares.toString()})(require('node:fs').writeSync, require('node:worker_threads').workerData)`
