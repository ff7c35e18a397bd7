import { textOfKey } from '../../adapters/sql-store.ts'
import { PLAIN_CHAT_ROOM } from '../../core/plain-chat.ts'
import { isRoomName } from '../../core/room-name.ts'

const ROOM = 'room:'
/** Names with lone surrogates are written as JSON: as they are the platform would take them all for the same one. */
const ODD_ROOM = 'json:'
const CHAT = 'chat'
const GATEWAY = 'gw'
const ECHO = 'echo'

export interface Handshake {
  readonly route: 'echo' | 'chat' | 'ws'
  /** Whose it is. */
  readonly user: string
  /** `?room=` */
  readonly room: string | undefined
  /** The datacenter that took it. */
  readonly colo: string
}

export interface PlacementOptions {
  /** Objects that the sockets of a datacenter are spread over, where they are in no room's own. */
  readonly shards: number
  readonly longestRoomName: number
}

/** The object that a socket lives in. A user's sockets in one datacenter share one, so that a new one can take an old one's place. */
export function objectFor({ route, user, room, colo }: Handshake, options: PlacementOptions): string {
  if (route === 'chat') return CHAT
  if (route === 'ws' && room !== undefined && isRoomName(room, options.longestRoomName)) return objectOfRoom(room)
  return `${route === 'echo' ? ECHO : GATEWAY}:${colo}:${shardOf(user, options.shards)}`
}

/** The object that keeps a room's log. Every kind of object has a prefix of its own, so that no room's name gets to another kind. */
export function objectOfRoom(room: string): string {
  if (room === PLAIN_CHAT_ROOM) return CHAT
  return /\p{Surrogate}/u.test(room) ? `${ODD_ROOM}${JSON.stringify(room)}` : `${ROOM}${room}`
}

/** The room whose log an object keeps. */
export function roomOfObject(object: string): string | undefined {
  if (object === CHAT) return PLAIN_CHAT_ROOM
  if (object.startsWith(ODD_ROOM)) return textOfKey(object.slice(ODD_ROOM.length))
  return object.startsWith(ROOM) ? object.slice(ROOM.length) : undefined
}

/** Whether all sockets of an object speak the JSON protocol, and a ping is not a text like any other. */
export const speaksProtocol = (object: string): boolean => object !== CHAT && !object.startsWith(`${ECHO}:`)

function shardOf(text: string, shards: number): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return (hash >>> 0) % shards
}
