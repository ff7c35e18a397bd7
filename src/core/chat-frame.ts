import type { ClientFrame, Ref } from './protocol.ts'

type ChatFrame = Extract<ClientFrame, { type: 'chat' }>

/**
 * A `chat` frame, as its schema reads it and several times as fast: nearly every frame is one. Undefined where `input`, a value of
 * `JSON.parse`, is another frame, a bad one or a rare one: then the schema has to be asked.
 */
export function chatFrameOf(input: unknown): ChatFrame | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  if (!('type' in input) || input.type !== 'chat' || !('content' in input)) return undefined
  const { content } = input
  if (typeof content !== 'string' || 'age' in input || 'transient' in input) return undefined
  const frame: ChatFrame = { type: 'chat', content }
  if ('room' in input) {
    if (typeof input.room !== 'string') return undefined
    frame.room = input.room
  }
  if ('ref' in input) {
    if (!isRef(input.ref)) return undefined
    frame.ref = input.ref
  }
  if ('id' in input) {
    if (!isShort(input.id)) return undefined
    frame.id = input.id
  }
  return frame
}

const isRef = (value: unknown): value is Ref =>
  typeof value === 'number' ? Number.isSafeInteger(value) : isShort(value)

const isShort = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= 64
