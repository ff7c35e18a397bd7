import type { WebSocket } from 'ws'

/** What `ws` reads with, as far as it tells whether it is in the middle of something. Internals: `findWsReading` looks whether they are there. */
interface Receiver {
  readonly _state: number
  readonly _bufferedBytes: number
  readonly _fragmented: number
  /** Bytes of the longest message that it takes; 0: of any length. */
  readonly _maxPayload: number
}

/** Waiting for a frame's first bytes. */
const GET_INFO = 0

/**
 * Whether `ws` is between two messages, with nothing of the next one. Undefined: it can't be told, or `ws` would not take every message of up to
 * `longest` bytes.
 */
export function findWsReading(ws: WebSocket, longest: number): (() => boolean) | undefined {
  const receiver: unknown = '_receiver' in ws ? ws._receiver : undefined
  if (!isReceiver(receiver) || (receiver._maxPayload > 0 && receiver._maxPayload < longest)) return undefined
  return () => receiver._state === GET_INFO && receiver._bufferedBytes === 0 && receiver._fragmented === 0
}

const RECEIVER = ['_state', '_bufferedBytes', '_fragmented', '_maxPayload'] as const

const isReceiver = (value: unknown): value is Receiver =>
  typeof value === 'object' && value !== null && RECEIVER.every((name) => typeof Reflect.get(value, name) === 'number')
