import * as v from 'valibot'
import type { ObjectTables } from '../../adapters/object-tables.ts'
import { Kept } from '../../core/kept.ts'
import { SUBPROTOCOLS } from '../../core/protocol.ts'
import type { KeptPeer } from './agreed-peer.ts'
import { KeptCredit } from './credit.ts'

/** Characters that fit into a socket's attachment of 16 KiB, each of which may take two bytes. */
const MOST = 8000

/** What a socket is attached, beside its connection. */
const Socket = v.object({
  v: v.literal(1),
  route: v.picklist(['echo', 'chat', 'ws']),
  agreed: v.optional(v.picklist(SUBPROTOCOLS)),
  address: v.optional(v.string()),
})

/** What is known of a peer that agreed. */
const Peer = v.object({ heard: v.number(), credit: KeptCredit })

const Attached = v.object({ ...Socket.entries, peer: v.optional(Peer), kept: v.optional(Kept), connection: v.string() })

export type SocketFacts = Omit<v.InferOutput<typeof Socket>, 'v'>

/** A socket, as it was before its object lost its memory. */
export interface Found {
  readonly facts: SocketFacts
  readonly kept: Kept
  readonly peer: KeptPeer | undefined
}

/** Where connections are kept while their object has no memory: attached to their sockets, or in a table where that is too small. */
export class Attachments {
  readonly #tables: ObjectTables
  /** The connections that are kept in the table. */
  readonly #large = new Set<string>()

  constructor(tables: ObjectTables) {
    this.#tables = tables
  }

  write(socket: WebSocket, { facts, kept, peer }: Found): void {
    const { connection } = kept
    const text = JSON.stringify({ v: 1, ...facts, peer, connection, kept })
    if (text.length <= MOST) {
      this.forget(connection)
      return socket.serializeAttachment(text)
    }
    this.#large.add(connection)
    this.#tables.saveConnection(connection, JSON.stringify(kept))
    this.touch(socket, { facts, kept, peer })
  }

  /** The same, where the connection is as it was when it was last written: no row is written anew for what its peer has read. */
  touch(socket: WebSocket, found: Found): void {
    const { facts, kept, peer } = found
    const { connection } = kept
    if (!this.#large.has(connection)) return this.write(socket, found)
    socket.serializeAttachment(JSON.stringify({ v: 1, ...facts, peer, connection }))
  }

  /** Undefined where there is nothing, or nothing of use. */
  read(socket: WebSocket): Found | undefined {
    const attached = v.safeParse(Attached, parsed(socket.deserializeAttachment()))
    if (!attached.success) return undefined
    const { connection, kept, peer, v: _version, ...facts } = attached.output
    if (kept) return { facts, kept, peer }
    const stored = v.safeParse(Kept, parsed(this.#tables.connection(connection)))
    if (!stored.success) return undefined
    this.#large.add(connection)
    return { facts, kept: stored.output, peer }
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
