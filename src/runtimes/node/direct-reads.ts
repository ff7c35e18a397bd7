import type { StreamWatcher } from './stream-writes.ts'
import type { TcpHandle, TcpHandles } from './tcp-handle.ts'

/** Bytes that one read of a socket may bring. */
export const MOST_READ = 64 * 1024

export interface Reader extends StreamWatcher {
  /** `bytes` up to `end` have arrived. Answers from where on the stream has to see them; `end`: nowhere. They are of use in this very call alone. */
  arrived(bytes: Buffer, end: number): number
}

/** A handle that is read past its stream, and what that takes: kept in it, since a closure a socket would cost more than all else here. */
interface ReadHandle extends TcpHandle {
  [READER]: Reader
  [STREAM]: TcpHandle['onread']
}

const READER = Symbol('reader')
const STREAM = Symbol('stream')

/** Reads sockets past their streams, all into one buffer: nothing is allocated for what a reader takes. */
export class DirectReads {
  readonly #bytes = Buffer.allocUnsafeSlow(MOST_READ)
  readonly #onread: (this: TcpHandle) => void

  constructor({ state }: TcpHandles) {
    const bytes = this.#bytes
    this.#onread = function onread(): void {
      if (!isRead(this)) return
      const end = state.read
      if (end <= 0) {
        this[READER].streaming()
        this[STREAM]()
        return
      }
      const rest = this[READER].arrived(bytes, end)
      if (rest === end) return
      this[READER].streaming()
      const left = Uint8Array.prototype.slice.call(bytes, rest, end)
      state.read = left.length
      state.offset = 0
      this[STREAM](left.buffer)
    }
  }

  /** From now on `reader` is asked first. What it leaves is the stream's, in order, as though nobody had been asked. */
  begin(handle: TcpHandle, reader: Reader): void {
    Object.assign(handle, { [READER]: reader, [STREAM]: handle.onread })
    handle.onread = this.#onread
    handle.useUserBuffer(this.#bytes)
  }
}

const isRead = (handle: TcpHandle): handle is ReadHandle => READER in handle
