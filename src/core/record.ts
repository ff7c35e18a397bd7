import * as v from 'valibot'
import type { Publication } from './broadcast-adapter.ts'
import { type Json, User } from './protocol.ts'

/** Of the records that this version writes. A change that older ones can't read raises it. */
const VERSION = 1

const AnyJson = v.custom<Json>((input) => input !== undefined)
const Record = v.object({
  v: v.literal(VERSION),
  time: v.number(),
  from: User,
  body: v.variant('kind', [
    v.object({ kind: v.literal('chat'), content: v.string() }),
    v.object({ kind: v.literal('event'), name: v.string(), data: AnyJson }),
  ]),
  clientId: v.optional(v.string()),
})

/** What of a publication is stored as one text; its offset and id are for the store to know. */
export type Recorded = Omit<Publication, 'offset' | 'id'>

/** A publication as a durable log keeps it: a JSON text that says its version, with neither NUL nor lone surrogates. */
export function encodeRecord({ time, from, body, clientId }: Recorded): string {
  return JSON.stringify({ v: VERSION, time, from, body, clientId })
}

/** What `encodeRecord` made. Fails on anything else, and on what a newer version wrote. */
export function decodeRecord(text: string): Recorded {
  const parsed = v.safeParse(Record, JSON.parse(text))
  if (!parsed.success) {
    throw new Error(`not a record of version ${VERSION} that this Parlor can read: ${text.slice(0, 80)}`)
  }
  const { time, from, body, clientId } = parsed.output
  return { time, from, body, ...(clientId === undefined ? {} : { clientId }) }
}
