import type { FanOut } from '../../core/fan-out.ts'
import type { BatchWrites, DirectWrites, InFlight } from './direct-writes.ts'
import { JOB, MOST_JOBS, type Share, Shelf } from './share.ts'
import type { TcpHandle } from './tcp-handle.ts'
import type { Writers } from './writer-threads.ts'

/** Sockets from which on it pays to wake another thread: one writes to so many in about half a millisecond. */
const LEAST_SOCKETS = 64

/** Any number of an error. */
const BROKEN = -1

/** Writes batches to many sockets from several threads at once: to those of a large room, or of all rooms that are flushed in one turn. */
export class ThreadedFanOut implements FanOut, BatchWrites {
  readonly #writes: DirectWrites
  readonly #makeWriters: () => Writers
  #writers: Writers | undefined
  #isClosed = false
  /** Several rooms are flushed one after another. */
  #isTurn = false
  /** What is being handed out leaves with the turn's end. */
  #isPutOff = false
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

  begin(sockets: number): void {
    const isLarge = sockets >= LEAST_SOCKETS
    this.#isPutOff = this.#isTurn && !isLarge
    const isGathered = isLarge || this.#isTurn
    if (isGathered && !this.#isClosed) this.#writes.gather(this)
  }

  end(): number {
    this.#writes.gather(undefined)
    return this.#isPutOff ? 0 : this.#writeAll()
  }

  beginTurn(rooms: number): void {
    this.#isTurn = rooms > 1
  }

  endTurn(): number {
    this.#isTurn = false
    if (this.#handles.length === 0) return 0
    const began = performance.now()
    this.#writeAll()
    return performance.now() - began
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

  /** Writes what is gathered. Answers the ms that other threads worked. */
  #writeAll(): number {
    if (this.#handles.length === 0) return 0
    let elsewhere = 0
    for (this.#first = 0; this.#first < this.#handles.length; ) elsewhere += this.#round()
    this.#handles.length = 0
    this.#batches.length = 0
    this.#owners.length = 0
    return elsewhere
  }

  /** Writes the next of what is gathered, as many as are one round. Answers the ms that other threads worked. */
  #round(): number {
    const left = this.#handles.length - this.#first
    if (left >= LEAST_SOCKETS) {
      this.#writers ??= this.#makeWriters()
      const count = this.#share(Math.min(MOST_JOBS, left), this.#writers.share)
      if (count >= LEAST_SOCKETS) {
        const elsewhere = this.#writers.run(count, this.#here)
        this.#writeRest(count, this.#writers.share)
        this.#first += count
        return elsewhere
      }
    }
    const count = Math.min(LEAST_SOCKETS, left)
    this.#here(0, count)
    this.#first += count
    return 0
  }

  /** Puts jobs and their batches into the share, `most` or as many as fit. Answers how many. */
  #share(most: number, { jobs, bytes }: Share): number {
    const shelf = new Shelf(bytes)
    for (let job = 0; job < most; job++) {
      const handle = this.#handles[this.#first + job]
      const batch = this.#batches[this.#first + job]
      const offset = batch && shelf.offsetOf(batch)
      if (!handle || !batch || offset === undefined) return job
      const at = job * JOB.size
      jobs[at + JOB.fd] = handle.fd
      jobs[at + JOB.offset] = offset
      jobs[at + JOB.length] = batch.length
      // Of what is written on this thread there is no rest.
      jobs[at + JOB.taken] = batch.length
    }
    return most
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
