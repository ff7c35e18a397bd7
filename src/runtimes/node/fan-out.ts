import type { FanOut } from '../../core/fan-out.ts'
import { FULL } from '../../core/linger.ts'
import type { BatchWrites, DirectWrites, InFlight } from './direct-writes.ts'
import { JOB, MOST_BYTES, MOST_JOBS } from './share.ts'
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
  #closed = false
  #isOpen = false
  // The job at a place of the share is for the socket at that place here. In arrays, so that a write makes no object.
  readonly #handles: TcpHandle[] = []
  readonly #batches: Uint8Array[] = []
  readonly #owners: InFlight[] = []
  /** The batches that are in the share, where they begin there, and how much of it they take. */
  readonly #known: Uint8Array[] = []
  readonly #offsets: number[] = []
  #bytes = 0
  /** ms that other threads have worked since `begin`. */
  #elsewhere = 0
  readonly #here = (first: number, end: number): void => this.#writeHere(first, end)

  /** `makeWriters`: called when a room is large enough for the first time. */
  constructor(writes: DirectWrites, makeWriters: () => Writers) {
    this.#writes = writes
    this.#makeWriters = makeWriters
  }

  begin(sockets: number, publications: number): void {
    // What a full batch costs its readers is more than what a write costs.
    if (sockets < LEAST_SOCKETS || publications > FULL || this.#closed) return
    this.#writers ??= this.#makeWriters()
    this.#isOpen = true
    this.#writes.gather(this)
  }

  end(): number {
    if (!this.#isOpen) return 0
    this.#isOpen = false
    this.#writes.gather(undefined)
    this.#fire()
    const elsewhere = this.#elsewhere
    this.#elsewhere = 0
    return elsewhere
  }

  take(handle: TcpHandle, batch: Uint8Array, owner: InFlight): boolean {
    const { fd } = handle
    const offset = this.#offsetOf(batch)
    if (!this.#writers || fd < 0 || offset === undefined) return false
    const place = this.#handles.length
    this.#handles.push(handle)
    this.#batches.push(batch)
    this.#owners.push(owner)
    const { jobs } = this.#writers.share
    const at = place * JOB.size
    jobs[at + JOB.fd] = fd
    jobs[at + JOB.offset] = offset
    jobs[at + JOB.length] = batch.length
    jobs[at + JOB.taken] = batch.length
    if (place + 1 === MOST_JOBS) this.#fire()
    return true
  }

  /** The threads end; from now on everything is written here. */
  close(): void {
    this.#closed = true
    this.#writers?.stop()
    this.#writers = undefined
  }

  /** Where `batch` is in the share; undefined: it does not fit any more. */
  #offsetOf(batch: Uint8Array): number | undefined {
    const known = this.#known.lastIndexOf(batch)
    if (known >= 0) return this.#offsets[known]
    const offset = this.#bytes
    if (!this.#writers || offset + batch.length > MOST_BYTES) return undefined
    this.#writers.share.bytes.set(batch, offset)
    this.#bytes += batch.length
    this.#known.push(batch)
    this.#offsets.push(offset)
    return offset
  }

  #fire(): void {
    const count = this.#handles.length
    if (this.#writers && count > 0) {
      this.#elsewhere += this.#writers.run(count, this.#here)
      this.#writeRest(this.#writers.share.jobs)
    }
    for (const list of [this.#handles, this.#batches, this.#owners, this.#known, this.#offsets]) list.length = 0
    this.#bytes = 0
  }

  #writeHere(first: number, end: number): void {
    for (let place = first; place < end; place++) this.#write(place, 0)
  }

  /** What other threads could not write: the kernel takes it later, or the socket is of no use. */
  #writeRest(jobs: Int32Array): void {
    for (let place = 0; place < this.#handles.length; place++) {
      const taken = jobs[place * JOB.size + JOB.taken]
      if (taken !== this.#batches[place]?.length) this.#write(place, taken ?? 0)
    }
  }

  #write(place: number, from: number): void {
    const [handle, batch, owner] = [this.#handles[place], this.#batches[place], this.#owners[place]]
    if (!handle || !batch || !owner) return
    try {
      owner.waits(this.#writes.writeNow(handle, from === 0 ? batch : batch.subarray(from), owner))
    } catch {
      owner.landed(BROKEN)
    }
  }
}
