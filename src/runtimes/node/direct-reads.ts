import type { TcpHandle, TcpHandles } from './tcp-handle.ts'

/** Bytes that one read of a socket may bring. */
export const MOST_READ = 64 * 1024

export interface Reader {
  /** `bytes` up to `end` have arrived. Answers from where on the stream has to see them; `end`: nowhere. They are of use in this very call alone. */
  arrived(bytes: Buffer, end: number): number
  /** The stream has been given something: bytes, the end of all, or an error. */
  passed(): void
}

/** Reads sockets past their streams, all into one buffer: nothing is allocated for what a reader takes. */
export class DirectReads {
  readonly #handles: TcpHandles
  readonly #bytes = Buffer.allocUnsafeSlow(MOST_READ)

  constructor(handles: TcpHandles) {
    this.#handles = handles
  }

  /** From now on `reader` is asked first. What it leaves is the stream's, in order, as though nobody had been asked. */
  begin(handle: TcpHandle, reader: Reader): void {
    const { state } = this.#handles
    const bytes = this.#bytes
    const stream = handle.onread
    handle.onread = () => {
      const end = state.read
      if (end <= 0) stream.call(handle)
      else {
        const rest = reader.arrived(bytes, end)
        if (rest === end) return
        const left = Uint8Array.prototype.slice.call(bytes, rest, end)
        state.read = left.length
        state.offset = 0
        stream.call(handle, left.buffer)
      }
      reader.passed()
    }
    handle.useUserBuffer(bytes)
  }
}
