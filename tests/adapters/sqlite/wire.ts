/** What a test and a host process say to each other: a JSON text a line, calls one way, answers and deliveries the other. */
import * as v from 'valibot'
import type { Draft, Publication } from '../../../src/core/broadcast-adapter.ts'
import { StreamPosition } from '../../../src/core/protocol.ts'

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

const room = v.string()
const draft = v.custom<Draft>(isObject)
const file = v.string()

/** Every call says which adapter it is for, by a number that the test chooses. */
const Common = { id: v.number(), adapter: v.number() }

export const Call = v.variant('call', [
  v.object({ ...Common, call: v.literal('open'), file, now: v.number(), ahead: v.number() }),
  v.object({ ...Common, call: v.literal('start') }),
  v.object({ ...Common, call: v.literal('subscribe'), room }),
  v.object({ ...Common, call: v.literal('unsubscribe'), room }),
  v.object({ ...Common, call: v.literal('publish'), room, draft }),
  v.object({ ...Common, call: v.literal('turn'), publishes: v.array(v.object({ room, draft })) }),
  v.object({ ...Common, call: v.literal('history'), room, start: StreamPosition, limit: v.number() }),
  v.object({ ...Common, call: v.literal('probe') }),
  v.object({ ...Common, call: v.literal('advance'), ms: v.number() }),
  v.object({ ...Common, call: v.literal('timers') }),
  v.object({ ...Common, call: v.literal('sql'), sql: v.string() }),
  v.object({ ...Common, call: v.literal('bench'), room, count: v.number(), group: v.number(), bytes: v.number() }),
  v.object({ ...Common, call: v.literal('close') }),
])
export type Call = v.InferOutput<typeof Call>

/** Without what every call has. */
export type Ask<T = Call> = T extends Call ? Omit<T, 'id' | 'adapter'> : never

export const Told = v.union([
  v.object({ id: v.number(), error: v.object({ message: v.string(), code: v.optional(v.string()) }) }),
  v.object({ id: v.number(), result: v.optional(v.unknown()) }),
  v.object({
    adapter: v.number(),
    room,
    epoch: v.string(),
    publications: v.array(v.custom<Publication>(isObject)),
  }),
])
export type Told = v.InferOutput<typeof Told>

export const Results = {
  nothing: v.optional(v.unknown()),
  position: StreamPosition,
  published: v.object({ position: v.optional(StreamPosition), duplicate: v.boolean() }),
  page: v.object({
    publications: v.array(v.custom<Publication>(isObject)),
    start: StreamPosition,
    head: StreamPosition,
    intact: v.boolean(),
  }),
  number: v.number(),
  texts: v.array(v.string()),
  rows: v.array(v.record(v.string(), v.union([v.string(), v.number(), v.null()]))),
}

interface TextStream {
  setEncoding(encoding: 'utf8'): unknown
  on(event: 'data', listener: (text: string) => void): unknown
}

/** Hears whole lines. Line feeds alone end them: `readline` takes U+2028 for one too, which JSON leaves as it is. */
export function onLines(stream: TextStream, hear: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) hear(line)
  })
}
