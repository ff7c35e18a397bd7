import { PARLOR } from './parlor.ts'
import { PEERS } from './peers.ts'
import type { Server } from './server.ts'

export const SERVERS: ReadonlyMap<string, Server> = new Map(
  [...PARLOR, ...PEERS].map((server) => [server.name, server]),
)
