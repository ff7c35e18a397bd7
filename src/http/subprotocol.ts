import { SUBPROTOCOLS, type Subprotocol } from '../core/protocol.ts'

/** The subprotocol that the server picks of those offered: the best that it knows, whatever their order. */
export function pickSubprotocol(offered: Iterable<string>): Subprotocol | undefined {
  const names = new Set(offered)
  return SUBPROTOCOLS.find((known) => names.has(known))
}
