import * as v from 'valibot'
import { StreamPosition, User } from './protocol.ts'

/**
 * What a connection is, as plain data: for a platform where a socket may outlive the memory of its server. What is not in it (requests under
 * way, counts of bad frames) has no meaning after that.
 */
export const Kept = v.object({
  connection: v.string(),
  user: User,
  /** ms since 1970. */
  expires: v.optional(v.number()),
  /** The peer was warned of that. Absent in what older versions kept, too. */
  warned: v.optional(v.boolean()),
  session: v.optional(v.string()),
  /** The rooms that it is in. Without a position the connection has everything that the hub handed out. */
  rooms: v.array(v.object({ room: v.string(), position: v.optional(StreamPosition) })),
})
export type Kept = v.InferOutput<typeof Kept>

/** The part of it that a protocol knows. */
export type KeptByProtocol = Pick<Kept, 'session' | 'rooms'>

/** A room that the connection is in. */
export type KeptRoom = KeptByProtocol['rooms'][number]
