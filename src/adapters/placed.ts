import type { Publication } from '../core/broadcast-adapter.ts'

/** A publication that stands in a log. */
export type Placed = Publication & { readonly offset: number }

/** Spelt out: what a spread makes may have a shape of its own each time, and whoever reads it looks each property up. */
export function placed({ id, from, time, body, clientId }: Publication, offset: number): Placed {
  return clientId === undefined ? { offset, id, from, time, body } : { offset, id, from, time, body, clientId }
}
