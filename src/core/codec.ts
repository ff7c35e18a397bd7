import * as v from 'valibot'
import { chatFrameOf } from './chat-frame.ts'
import { isRetryable } from './errors.ts'
import { ClientFrame, type ErrorCode, type Json, type Ref, type ServerFrame } from './protocol.ts'

/** A frame that can't be taken, in the words of the error that answers it. */
export interface BadFrame {
  readonly code: ErrorCode
  readonly message: string
  readonly path?: string
  readonly ref?: Ref
}

export type Decoded =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly bad: BadFrame }

/** How deep `data` may be nested: far beyond what anybody means, far below what a stack holds. */
const MAX_DEPTH = 128
export const TOO_DEEP = `data is nested more than ${MAX_DEPTH} levels deep`

const TYPES: ReadonlySet<string> = new Set(ClientFrame.options.map((option) => option.entries.type.literal))
const Tagged = v.object({ type: v.string() })
const FrameRef = v.object({ ref: ClientFrame.options[0].entries.ref })

/** Reads a client's text frame. Never throws. */
export function decode(text: string): Decoded {
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch (reason) {
    return bad({
      code: 'invalid_json',
      message: `Not JSON: ${reason instanceof Error ? reason.message.slice(0, 120) : 'unreadable'}`,
    })
  }
  const chat = chatFrameOf(input)
  if (chat) return { ok: true, frame: chat }
  const parsed = v.safeParse(ClientFrame, input, { abortEarly: true })
  if (!parsed.success) return bad(explain(input, parsed.issues[0]))
  const frame = parsed.output
  if (frame.type === 'event' && isTooDeep(frame.data)) {
    return bad({ code: 'invalid_frame', message: TOO_DEEP, path: 'data', ...refOf(input) })
  }
  return { ok: true, frame }
}

export function encode(frame: ServerFrame): string {
  return JSON.stringify(frame)
}

export function encodeError({ code, message, path, ref }: BadFrame, room?: string): string {
  return encode({
    type: 'error',
    ...(ref === undefined ? {} : { ref }),
    code,
    message,
    retryable: isRetryable(code),
    ...(path === undefined ? {} : { path }),
    ...(room === undefined ? {} : { room }),
  })
}

const bad = (reason: BadFrame): Decoded => ({ ok: false, bad: reason })

function explain(input: unknown, issue: v.BaseIssue<unknown>): BadFrame {
  const path = v.getDotPath(issue)
  const ref = refOf(input)
  if (path === 'type') {
    const tagged = v.safeParse(Tagged, input)
    if (tagged.success && !TYPES.has(tagged.output.type)) {
      return {
        code: 'unknown_type',
        message: `No frame has this type; there are ${[...TYPES].join(', ')}`,
        path: 'type',
        ...ref,
      }
    }
  }
  const what = path === null ? 'A frame is a JSON object with a type' : issue.message
  return { code: 'invalid_frame', message: what.slice(0, 200), ...(path === null ? {} : { path }), ...ref }
}

function refOf(input: unknown): { ref?: Ref } {
  const found = v.safeParse(FrameRef, input)
  return found.success && found.output.ref !== undefined ? { ref: found.output.ref } : {}
}

/** Whether `data` is nested more deeply than it may be. */
export const isTooDeep = (data: Json): boolean => isDeep(data, MAX_DEPTH)

function isDeep(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeep(inner, levels - 1))
}
