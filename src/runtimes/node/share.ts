/** What writer threads and the main thread share: which bytes go to which sockets, and who writes which of them. */
export interface Share {
  readonly control: Int32Array
  /** `JOB` numbers a job. */
  readonly jobs: Int32Array
  readonly bytes: Uint8Array
}

/** Jobs of one round. */
export const MOST_JOBS = 4096
/** Bytes of all batches of one round together. Larger ones cost their copying, which threads do not make cheaper. */
const MOST_BYTES = 128 * 1024

/** A job: the socket's descriptor, where its bytes begin, how many they are, and how many of them the kernel took. */
export const JOB = { fd: 0, offset: 1, length: 2, taken: 3, size: 4 } as const

/**
 * The places of `control`: the number of the round, negative when there are no more; jobs that nobody has taken on; those that other threads
 * have done; µs that they worked.
 */
export const CONTROL = { round: 0, left: 1, done: 2, spent: 3 } as const

/** Jobs that are taken on together. */
export const PORTION = 8

export const createShare = (): Share => ({
  control: new Int32Array(new SharedArrayBuffer(4 * 4)),
  jobs: new Int32Array(new SharedArrayBuffer(4 * JOB.size * MOST_JOBS)),
  bytes: new Uint8Array(new SharedArrayBuffer(MOST_BYTES)),
})

/** Puts batches into a share's bytes, each once however many sockets it goes to. */
export class Shelf {
  readonly #bytes: Uint8Array
  readonly #offsets = new Map<Uint8Array, number>()
  #used = 0
  // The sockets of a room follow one another, and mostly take the same batch.
  #last: Uint8Array | undefined
  #offset: number | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Where the batch begins; undefined: it does not fit. */
  offsetOf(batch: Uint8Array): number | undefined {
    if (batch !== this.#last) {
      this.#last = batch
      this.#offset = this.#offsets.get(batch) ?? this.#put(batch)
    }
    return this.#offset
  }

  #put(batch: Uint8Array): number | undefined {
    const offset = this.#used
    if (offset + batch.length > this.#bytes.length) return undefined
    this.#bytes.set(batch, offset)
    this.#offsets.set(batch, offset)
    this.#used += batch.length
    return offset
  }
}
