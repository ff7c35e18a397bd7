import type { FanOut } from '../../core/fan-out.ts'
import { FULL } from '../../core/linger.ts'
import type { BatchWrites, DirectWrites, InFlight } from './direct-writes.ts'
import { JOB, MOST_BYTES, MOST_JOBS, type Share } from './share.ts'
import type { TcpHandle } from './tcp-handle.ts'
import type { Writers } from './writer-threads.ts'

/** Sockets from which on it pays to wake another thread: one writes to so many in about half a millisecond. */
const LEAST_SOCKETS = 64

/** Any number of an error. */
const BROKEN = -1

/** Writes batches to the sockets of large rooms from several threads at once. */
export class ThreadedFanOut implements FanOut, BatchWrites {
  readonly #writes: DirectWrites
  readonly #makeWriters: () => Writers
  #writers: Writers | undefined
  #isClosed = false
  // What is gathered, in arrays, so that a write makes no object.
  readonly #handles: TcpHandle[] = []
  readonly #batches: Uint8Array[] = []
  readonly #owners: InFlight[] = []
  /** Where the jobs of this round begin among them. */
  #first = 0
  readonly #here = (first: number, end: number): void => {
    for (let job = first; job < end; job++) this.#write(job, 0)
  }

  /** `makeWriters`: called when so many sockets are written to for the first time that they are of use. */
  constructor(writes: DirectWrites, makeWriters: () => Writers) {
    this.#writes = writes
    this.#makeWriters = makeWriters
  }

  begin(sockets: number, publications: number): void {
    // What a full batch costs its readers is more than what a write costs.
    if (sockets >= LEAST_SOCKETS && publications <= FULL && !this.#isClosed) this.#writes.gather(this)
  }

  end(): number {
    this.#writes.gather(undefined)
    if (this.#handles.length === 0) return 0
    let elsewhere = 0
    for (let first = 0; first < this.#handles.length; first += MOST_JOBS) elsewhere += this.#round(first)
    this.#handles.length = 0
    this.#batches.length = 0
    this.#owners.length = 0
    return elsewhere
  }

  add(handle: TcpHandle, batch: Uint8Array, owner: InFlight): void {
    this.#handles.push(handle)
    this.#batches.push(batch)
    this.#owners.push(owner)
  }

  close(): void {
    this.#isClosed = true
    this.#writers?.stop()
    this.#writers = undefined
  }

  /** Writes what is gathered from `first` on, as many as are one round. Answers the ms that other threads worked. */
  #round(first: number): number {
    const count = Math.min(MOST_JOBS, this.#handles.length - first)
    this.#first = first
    if (count >= LEAST_SOCKETS) {
      this.#writers ??= this.#makeWriters()
      if (this.#share(count, this.#writers.share)) {
        const elsewhere = this.#writers.run(count, this.#here)
        this.#writeRest(count, this.#writers.share)
        return elsewhere
      }
    }
    this.#here(0, count)
    return 0
  }

  /** Puts the round's batches and jobs into the share; false: they don't fit. */
  #share(count: number, { jobs, bytes }: Share): boolean {
    const offsets = new Map<Uint8Array, number>()
    let used = 0
    for (let job = 0; job < count; job++) {
      const handle = this.#handles[this.#first + job]
      const batch = this.#batches[this.#first + job]
      if (!handle || !batch) return false
      let offset = offsets.get(batch)
      if (offset === undefined) {
        if (used + batch.length > MOST_BYTES) return false
        bytes.set(batch, used)
        offset = used
        offsets.set(batch, offset)
        used += batch.length
      }
      const at = job * JOB.size
      jobs[at + JOB.fd] = handle.fd
      jobs[at + JOB.offset] = offset
      jobs[at + JOB.length] = batch.length
      // Of what is written on this thread there is no rest.
      jobs[at + JOB.taken] = batch.length
    }
    return true
  }

  /** What other threads could not write: the kernel takes it later, or the socket is of no use. */
  #writeRest(count: number, { jobs }: Share): void {
    for (let job = 0; job < count; job++) {
      const taken = jobs[job * JOB.size + JOB.taken] ?? 0
      if (taken !== jobs[job * JOB.size + JOB.length]) this.#write(job, taken)
    }
  }

  /** Writes what is left of a job of this round. */
  #write(job: number, from: number): void {
    const place = this.#first + job
    const handle = this.#handles[place]
    const batch = this.#batches[place]
    const owner = this.#owners[place]
    if (!handle || !batch || !owner) return
    try {
      this.#writes.writeNow(handle, from === 0 ? batch : batch.subarray(from), owner)
    } catch {
      owner.landed(BROKEN)
    }
  }
}
