/** What a user would have instead. Each has the same room: whoever connects to `/room/NAME` gets every text frame sent to it. */
import { join } from 'node:path'
import { BUN, binary, CACHE, DENO, NODE, peer } from '../paths.ts'
import type { Server } from './server.ts'

const TEXT = { dialect: 'text', room: '/room/{room}', echo: '/echo' } as const

export const CENTRIFUGE = join(CACHE, 'centrifuge')

export const PEERS: readonly Server[] = [
  {
    name: 'axum',
    what: 'axum (Rust): a tokio broadcast channel, a task a member',
    parts: ['axum'],
    command: (port) => [binary('axum-room'), `127.0.0.1:${port}`],
    ...TEXT,
  },
  {
    name: 'axum-nodelay',
    what: 'the same with TCP_NODELAY',
    parts: ['axum'],
    command: (port) => [binary('axum-room'), `127.0.0.1:${port}`, '--nodelay'],
    ...TEXT,
  },
  {
    name: 'ws',
    what: 'ws on Node, a loop over a Set',
    parts: ['packages'],
    command: (port) => [NODE, peer('ws.mjs'), `${port}`],
    ...TEXT,
  },
  {
    name: 'hono',
    what: 'Hono with @hono/node-server, a loop over a Set',
    parts: ['packages'],
    command: (port) => [NODE, peer('hono.mjs'), `${port}`],
    ...TEXT,
  },
  {
    name: 'socketio',
    what: 'Socket.IO on Node, WebSocket only',
    parts: ['packages'],
    command: (port) => [NODE, peer('socketio.mjs'), `${port}`],
    dialect: 'socketio',
    room: '/socket.io/?EIO=4&transport=websocket',
    acks: true,
  },
  {
    name: 'bun-publish',
    what: "Bun's own publish",
    parts: [],
    command: (port) => [BUN, peer('bun.mjs'), `${port}`],
    ...TEXT,
  },
  {
    name: 'deno',
    what: 'Deno.serve, a loop over a Set',
    parts: [],
    command: (port) => [DENO, 'run', '-A', '--no-config', peer('deno.mjs'), `${port}`],
    ...TEXT,
  },
  {
    name: 'centrifuge',
    what: 'centrifuge (Go), the library of Centrifugo',
    parts: ['centrifuge'],
    command: (port) => [CENTRIFUGE, `127.0.0.1:${port}`],
    dialect: 'centrifuge',
    room: '/connection/websocket',
    acks: true,
  },
  {
    name: 'partyserver',
    what: 'PartyServer on workerd, broadcast',
    parts: ['packages', 'partyserver'],
    command: (port) => [NODE, peer('partyserver/serve.mjs'), CACHE, `${port}`],
    dialect: 'text',
    room: '/parties/room/{room}',
  },
  {
    name: 'partyserver-hibernating',
    what: 'the same with hibernate: true',
    parts: ['packages', 'partyserver'],
    command: (port) => [NODE, peer('partyserver/serve.mjs'), CACHE, `${port}`],
    dialect: 'text',
    room: '/parties/sleeper/{room}',
  },
]
