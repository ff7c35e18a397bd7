/** `parlor/client`: the SDK, for browsers, Node, Deno, Bun and Workers. docs/client.md explains it, SPEC.md section 12 has its rules. */
export type { Json, StreamPosition, User } from '../core/protocol.ts'
export { type ConnectOptions, connect, type Parlor } from './connect.ts'
export type { Closed, ConnectionState, Why } from './connection-state.ts'
export type { Environment } from './environment.ts'
export { type ClientErrorCode, ParlorError } from './errors.ts'
export type { LoggedMessage, Message, Missed, Page } from './messages.ts'
export type { JoinOptions, Published, PublishOptions, Room, RoomState, Transient } from './room.ts'
export type { SocketConstructor, SocketLike } from './socket.ts'
