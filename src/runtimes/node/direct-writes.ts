/**
 * Node's own handle of a TCP socket, as far as writing goes. The stream around it does much more for each write than a frame needs. It is no public
 * API (deprecated: DEP0111, nobody is told but with --pending-deprecation): `findDirectWrites` looks whether all is as it was, and where it is
 * not sockets are written as streams.
 */
export interface TcpHandle {
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number
  /** 0, or the number of an error. What the kernel does not take at once is in flight until `request.oncomplete` is called. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  /** The same for bytes that are given as characters, which Node copies. */
  writeLatin1String(request: WriteRequest, characters: string): number
}

/** Belongs to one write while that is in flight: Node aborts where it is used for another one meanwhile. */
interface WriteRequest {
  oncomplete?: (status: number) => void
  /** Kept from the collector while in flight. */
  data?: Uint8Array | string
}

export interface InFlight {
  /** What was in flight has been taken, or `status` is the number of an error and it never will be. */
  landed(status: number): void
}

interface Internals {
  readonly Request: new () => WriteRequest
  readonly isTcp: (handle: unknown) => boolean
  /** Whether what was written last is in flight. */
  readonly isInFlight: () => boolean
}

export class DirectWrites {
  readonly #internals: Internals
  #spare: WriteRequest

  constructor(internals: Internals) {
    this.#internals = internals
    this.#spare = new internals.Request()
  }

  /** The handle of a socket; undefined where it has none (any more), or is not plain TCP. */
  handleOf(socket: object): TcpHandle | undefined {
    const handle: unknown = '_handle' in socket ? socket._handle : undefined
    return isHandle(handle) && this.#internals.isTcp(handle) ? handle : undefined
  }

  /**
   * Writes bytes, or a string whose every character is one. Answers those that are in flight; none: the kernel has all. Throws where
   * the socket can't be written.
   */
  write(handle: TcpHandle, data: Uint8Array | string, owner: InFlight): number {
    const request = this.#spare
    const error = typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data)
    if (error !== 0) throw new Error(`writing failed: ${error}`)
    if (!this.#internals.isInFlight()) return 0
    request.data = data
    request.oncomplete = (status) => owner.landed(status)
    this.#spare = new this.#internals.Request()
    return handle.writeQueueSize
  }
}

/** `binding`: what `process.binding` answers. Undefined where that is not what it was when this was written. */
export function findDirectWrites(binding: (name: string) => unknown = processBinding): DirectWrites | undefined {
  const { WriteWrap: Request, streamBaseState: state, kLastWriteWasAsync: index } = propertiesOf(binding, 'stream_wrap')
  const { TCP } = propertiesOf(binding, 'tcp_wrap')
  if (!isConstructor(Request) || !isConstructor(TCP) || !isHandle(TCP.prototype)) return undefined
  if (!(state instanceof Int32Array) || typeof index !== 'number' || state[index] === undefined) return undefined
  return new DirectWrites({
    Request,
    isTcp: (handle) => handle instanceof TCP,
    isInFlight: () => state[index] !== 0,
  })
}

function processBinding(name: string): unknown {
  return 'binding' in process && typeof process.binding === 'function' ? process.binding(name) : undefined
}

/** None where there is no such binding, or it may not be had. */
function propertiesOf(binding: (name: string) => unknown, name: string): Readonly<Record<string, unknown>> {
  try {
    return { ...Object(binding(name)) }
  } catch {
    return {}
  }
}

const isConstructor = (value: unknown): value is new () => object => typeof value === 'function' && 'prototype' in value

const HANDLE = ['writeQueueSize', 'writeBuffer', 'writeLatin1String'] as const

/** By name, since on a prototype the getters throw. */
const isHandle = (value: unknown): value is TcpHandle =>
  typeof value === 'object' && value !== null && HANDLE.every((name) => name in value)
