import * as v from 'valibot'
import type { ObjectTables } from '../../adapters/object-tables.ts'
import { Kept } from '../../core/kept.ts'

/** Characters that fit into a socket's attachment of 16 KiB, each of which may take two bytes. */
const MOST = 8000

/** What a socket is attached, beside its connection. */
const Socket = v.object({
  v: v.literal(1),
  route: v.picklist(['echo', 'chat', 'ws']),
  /** Agreed to `parlor.v1.batch`. */
  joined: v.boolean(),
  address: v.optional(v.string()),
})

const Attached = v.object({ ...Socket.entries, kept: v.optional(Kept), connection: v.string() })

export type SocketFacts = Omit<v.InferOutput<typeof Socket>, 'v'>

/** Where connections are kept while their object has no memory: attached to their sockets, or in a table where that is too small. */
export class Attachments {
  readonly #tables: ObjectTables
  /** The connections that are kept in the table. */
  readonly #large = new Set<string>()

  constructor(tables: ObjectTables) {
    this.#tables = tables
  }

  write(socket: WebSocket, facts: SocketFacts, kept: Kept): void {
    const { connection } = kept
    const text = JSON.stringify({ v: 1, ...facts, connection, kept })
    if (text.length <= MOST) {
      this.forget(connection)
      return socket.serializeAttachment(text)
    }
    this.#large.add(connection)
    this.#tables.saveConnection(connection, JSON.stringify(kept))
    socket.serializeAttachment(JSON.stringify({ v: 1, ...facts, connection }))
  }

  /** Undefined where there is nothing, or nothing of use. */
  read(socket: WebSocket): { readonly facts: SocketFacts; readonly kept: Kept } | undefined {
    const attached = v.safeParse(Attached, parsed(socket.deserializeAttachment()))
    if (!attached.success) return undefined
    const { route, joined, address, connection, kept } = attached.output
    const facts = { route, joined, ...(address === undefined ? {} : { address }) }
    if (kept) return { facts, kept }
    const stored = v.safeParse(Kept, parsed(this.#tables.connection(connection)))
    if (!stored.success) return undefined
    this.#large.add(connection)
    return { facts, kept: stored.output }
  }

  /** The connection has ended, or is kept elsewhere. */
  forget(connection: string): void {
    if (this.#large.delete(connection)) this.#tables.deleteConnection(connection)
  }

  /** All that are there have been read: what else is in the table belongs to sockets that were lost. */
  sweep(): void {
    this.#tables.keepConnections(this.#large)
  }
}

function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
