/**
 * Parlor as its users run it: the service with its defaults, a token in the address, on every runtime. Plain: one message a frame,
 * no subprotocol; `-batch`: `parlor.v1.batch`; `-chat`: the plain chat room.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { BUN, DENO, NODE, ROOT } from '../paths.ts'
import type { Server } from './server.ts'

const SECRET = randomBytes(32).toString('base64url')
const TOKEN = tokenOf({ sub: 'bench', name: 'Bench' })

function tokenOf(claims: Readonly<Record<string, string>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}

const main = (runtime: string): string => join(ROOT, `src/runtimes/${runtime}/main.ts`)
const at = (port: number): string[] => ['--host', '127.0.0.1', '--port', `${port}`]

const COMMANDS = {
  node: (port: number) => [NODE, join(ROOT, 'dist/runtimes/node/main.js'), ...at(port)],
  deno: (port: number) => [DENO, 'run', '-A', '--cached-only', main('deno'), ...at(port)],
  bun: (port: number) => [BUN, main('bun'), ...at(port)],
  workers: (port: number) => [NODE, join(ROOT, 'scripts/start-worker.mjs'), ...at(port)],
} satisfies Record<string, (port: number) => readonly [string, ...string[]]>

function on(runtime: keyof typeof COMMANDS, what: string): [plain: Server, batch: Server] {
  // On Workers an address with the room leads to the room's own object.
  const room = runtime === 'workers' ? `/ws?room={room}&token=${TOKEN}` : `/ws?token=${TOKEN}`
  const plain: Server = {
    name: `parlor-${runtime}`,
    what: `Parlor on ${what}, one message a frame`,
    parts: ['parlor'],
    command: COMMANDS[runtime],
    env: { PARLOR_AUTH_SECRET: SECRET },
    dialect: 'parlor',
    room,
    echo: `/echo?token=${TOKEN}`,
    acks: true,
  }
  const batch: Server = {
    ...plain,
    name: `${plain.name}-batch`,
    what: `Parlor on ${what}, parlor.v1.batch`,
    subprotocol: 'parlor.v1.batch',
  }
  return [plain, batch]
}

const [node, nodeBatch] = on('node', 'Node')

export const PARLOR: readonly Server[] = [
  node,
  nodeBatch,
  {
    ...node,
    name: 'parlor-node-chat',
    what: 'the same, its plain chat room',
    dialect: 'text',
    room: `/chat?token=${TOKEN}`,
    acks: false,
    rooms: false,
  },
  {
    ...node,
    name: 'parlor-node-nolinger',
    what: 'the same with PARLOR_MAX_LINGER=0',
    env: { ...node.env, PARLOR_MAX_LINGER: '0' },
  },
  {
    ...node,
    name: 'parlor-node-alone',
    what: 'the same with PARLOR_WRITER_THREADS=0',
    env: { ...node.env, PARLOR_WRITER_THREADS: '0' },
  },
  ...on('deno', 'Deno'),
  ...on('bun', 'Bun'),
  ...on('workers', 'workerd'),
]
