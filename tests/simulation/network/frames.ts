import * as v from 'valibot'
import { ClientFrame, ServerFrame } from '../../../src/core/protocol.ts'

export type Read<F> = { readonly frame: F } | { readonly why: string }

/** Reads texts as the protocol's schemas say; a field that they don't know is a fault. The same text is read once. */
export class FrameReader {
  readonly #server = new Map<string, Read<ServerFrame>>()
  readonly #client = new Map<string, Read<ClientFrame>>()

  ofServer(text: string): Read<ServerFrame> {
    return cached(this.#server, text, (raw) => v.safeParse(ServerFrame, raw))
  }

  ofClient(text: string): Read<ClientFrame> {
    return cached(this.#client, text, (raw) => v.safeParse(ClientFrame, raw))
  }
}

type Parsed<F> =
  | { readonly success: true; readonly output: F }
  | { readonly success: false; readonly issues: readonly [{ readonly message: string }, ...unknown[]] }

function cached<F>(known: Map<string, Read<F>>, text: string, parse: (raw: unknown) => Parsed<F>): Read<F> {
  const before = known.get(text)
  if (before) return before
  const read = readAs(text, parse)
  known.set(text, read)
  return read
}

function readAs<F>(text: string, parse: (raw: unknown) => Parsed<F>): Read<F> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return { why: 'no JSON' }
  }
  const parsed = parse(raw)
  if (!parsed.success) return { why: parsed.issues[0].message }
  const isWhole = JSON.stringify(raw).length === JSON.stringify(parsed.output).length
  return isWhole ? { frame: parsed.output } : { why: 'unknown fields' }
}
