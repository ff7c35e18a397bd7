import type { TcpHandle, TcpHandles, WriteRequest } from './tcp-handle.ts'

export interface InFlight {
  /** So many bytes of what was handed over are in flight. Not called where none are. */
  waits(bytes: number): void
  /** What was in flight has been taken, or `status` is the number of an error and it never will be. */
  landed(status: number): void
}

/** Who keeps batches together that go to many sockets, one at most to each. */
export interface BatchWrites {
  /** Takes over the writing of a batch, to be done by `writeNow` or with the same outcome, of which the owner is told. */
  add(handle: TcpHandle, batch: Uint8Array, owner: InFlight): void
}

/** Writes to sockets past their streams. */
export class DirectWrites {
  readonly #handles: TcpHandles
  #spare: WriteRequest
  #gathering: BatchWrites | undefined

  constructor(handles: TcpHandles) {
    this.#handles = handles
    this.#spare = new handles.Request()
  }

  /** From now on batches are given to `batches`; undefined: they are written at once. */
  gather(batches: BatchWrites | undefined): void {
    this.#gathering = batches
  }

  /**
   * Writes bytes, or a string whose every character is one, now or with the batches that are being gathered. The owner is told of those that
   * are in flight. Throws where the socket can't be written.
   */
  write(handle: TcpHandle, data: Uint8Array | string, owner: InFlight): void {
    if (this.#gathering === undefined || typeof data === 'string') this.writeNow(handle, data, owner)
    else this.#gathering.add(handle, data, owner)
  }

  writeNow(handle: TcpHandle, data: Uint8Array | string, owner: InFlight): void {
    const request = this.#spare
    const error = typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data)
    if (error !== 0) throw new Error(`the socket is closed, or writing failed: ${error}`)
    if (!this.#handles.state.isInFlight) return
    request.data = data
    request.oncomplete = (status) => owner.landed(status)
    this.#spare = new this.#handles.Request()
    owner.waits(handle.writeQueueSize)
  }
}
