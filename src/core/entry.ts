import type { Publication } from './broadcast-adapter.ts'
import type { LogEntry } from './log.ts'

/** A publication as the members of its room get it. */
export interface Entry extends LogEntry {
  readonly text: string
}

/** A publication that stands in a log, with what one frame of it says. */
export type Encode = (publication: Publication) => string

/** The entry of a publication; undefined for a transient one, which stands in no log. */
export function entryOf(publication: Publication, encode: Encode): Entry | undefined {
  const { offset, id, time } = publication
  if (offset === undefined) return undefined
  const text = encode(publication)
  return { offset, id, time, bytes: text.length, text }
}
