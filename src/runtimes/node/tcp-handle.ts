/**
 * Node's own handle of a TCP socket, as far as reading and writing go. The stream around it does much more for each of them than a frame needs.
 * It is no public API (deprecated: DEP0111, nobody is told but with --pending-deprecation): `findTcpHandles` looks whether all is as it was, and
 * where it is not sockets are read and written as streams.
 */
export interface TcpHandle {
  /** The socket's descriptor; negative where there is none, or the system knows none. */
  readonly fd: number
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number
  /** 0, or the number of an error. What the kernel does not take at once is in flight until `request.oncomplete` is called. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  /** The same for bytes that are given as characters, which Node copies. */
  writeLatin1String(request: WriteRequest, characters: string): number
  /** Who is told of what was read: of bytes, of the end, of an error, as `StreamState` says. The stream, until somebody else is put here. */
  onread: (this: TcpHandle, bytes?: ArrayBuffer) => void
  /** From now on what is read lies at the beginning of `bytes` when `onread` is called, and `onread` is given nothing. */
  useUserBuffer(bytes: Uint8Array): void
}

/** Belongs to one write while that is in flight: Node aborts where it is used for another one meanwhile. */
export interface WriteRequest {
  oncomplete?: (status: number) => void
  /** Kept from the collector while in flight. */
  data?: Uint8Array | string
}

/** What the last call of any handle came to. */
export interface StreamState {
  /** Bytes that were read, or the number of an error, when `onread` is called; and where they begin in what it is given. */
  read: number
  offset: number
  /** Whether what was written last is in flight. */
  readonly isInFlight: boolean
}

export interface TcpHandles {
  readonly Request: new () => WriteRequest
  readonly state: StreamState
  /** The handle of a socket; undefined where it has none (any more), or is not plain TCP. */
  handleOf(socket: object): TcpHandle | undefined
}

/** `binding`: what `process.binding` answers. Undefined where that is not what it was when this was written. */
export function findTcpHandles(binding: (name: string) => unknown = processBinding): TcpHandles | undefined {
  const { WriteWrap: Request, ...stream } = propertiesOf(binding, 'stream_wrap')
  const { TCP } = propertiesOf(binding, 'tcp_wrap')
  if (!isConstructor(Request) || !isConstructor(TCP) || !isHandle(TCP.prototype)) return undefined
  const state = stateOf(stream)
  if (!state) return undefined
  return {
    Request,
    state,
    handleOf: (socket) => {
      const handle: unknown = '_handle' in socket ? socket._handle : undefined
      return isHandle(handle) && handle instanceof TCP ? handle : undefined
    },
  }
}

/** Node keeps it in one array, and says where in it. */
function stateOf(stream: Readonly<Record<string, unknown>>): StreamState | undefined {
  const {
    streamBaseState: state,
    kReadBytesOrError: read,
    kArrayBufferOffset: offset,
    kLastWriteWasAsync: async,
  } = stream
  if (!(state instanceof Int32Array)) return undefined
  const isPlace = (place: unknown): place is number => typeof place === 'number' && state[place] !== undefined
  if (!isPlace(read) || !isPlace(offset) || !isPlace(async)) return undefined
  return {
    get read() {
      return state[read] ?? 0
    },
    set read(bytes) {
      state[read] = bytes
    },
    get offset() {
      return state[offset] ?? 0
    },
    set offset(place) {
      state[offset] = place
    },
    get isInFlight() {
      return state[async] !== 0
    },
  }
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

const HANDLE = ['fd', 'writeQueueSize', 'writeBuffer', 'writeLatin1String', 'onread', 'useUserBuffer'] as const

/** By name, since on a prototype the getters throw. */
const isHandle = (value: unknown): value is TcpHandle =>
  typeof value === 'object' && value !== null && HANDLE.every((name) => name in value)
