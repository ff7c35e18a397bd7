import type { WebSocket } from 'ws'

/** What `ws` reads with, as far as it tells whether it is in the middle of something. Internals: `findReceiver` looks whether they are there. */
export interface Receiver {
  readonly _state: number
  readonly _bufferedBytes: number
  readonly _fragmented: number
  /** Bytes of the longest message that it takes; 0: of any length. */
  readonly _maxPayload: number
}

/** Waiting for a frame's first bytes. */
const GET_INFO = 0

/** Undefined where it can't be told how far it is, or where it would not take every message of up to `longest` bytes. */
export function findReceiver(ws: WebSocket, longest: number): Receiver | undefined {
  const receiver: unknown = '_receiver' in ws ? ws._receiver : undefined
  if (!isReceiver(receiver)) return undefined
  return receiver._maxPayload > 0 && receiver._maxPayload < longest ? undefined : receiver
}

/** Whether it has read a message to its end, and nothing of the next one. */
export const isBetweenMessages = ({ _state, _bufferedBytes, _fragmented }: Receiver): boolean =>
  _state === GET_INFO && _bufferedBytes === 0 && _fragmented === 0

const RECEIVER = ['_state', '_bufferedBytes', '_fragmented', '_maxPayload'] as const

const isReceiver = (value: unknown): value is Receiver =>
  typeof value === 'object' && value !== null && RECEIVER.every((name) => typeof Reflect.get(value, name) === 'number')
