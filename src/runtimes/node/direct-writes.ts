import type { TcpHandle, TcpHandles, WriteRequest } from './tcp-handle.ts'

export interface InFlight {
  /** What was in flight has been taken, or `status` is the number of an error and it never will be. */
  landed(status: number): void
}

/** Writes to sockets past their streams. */
export class DirectWrites {
  readonly #handles: TcpHandles
  #spare: WriteRequest

  constructor(handles: TcpHandles) {
    this.#handles = handles
    this.#spare = new handles.Request()
  }

  /**
   * Writes bytes, or a string whose every character is one. Answers those that are in flight; none: the kernel has all. Throws where
   * the socket can't be written.
   */
  write(handle: TcpHandle, data: Uint8Array | string, owner: InFlight): number {
    const request = this.#spare
    const error = typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data)
    if (error !== 0) throw new Error(`the socket is closed, or writing failed: ${error}`)
    if (!this.#handles.state.isInFlight) return 0
    request.data = data
    request.oncomplete = (status) => owner.landed(status)
    this.#spare = new this.#handles.Request()
    return handle.writeQueueSize
  }
}
