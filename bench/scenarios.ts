/** What is measured: data for the load generator (bench/loadgen/src/job.rs), and which servers it says something about. */

import { isParlor } from './servers/names.ts'

export type Load =
  | { readonly kind: 'closed'; readonly inFlight: number }
  | { readonly kind: 'open'; readonly perSecond: number; readonly burst?: number }

/** Times in seconds. */
export type Task =
  | {
      readonly name: 'fan'
      readonly rooms: number
      readonly members: number
      readonly stalled?: number
      readonly load: Load
      readonly warmup: number
      readonly duration: number
    }
  | { readonly name: 'ack'; readonly members: number; readonly warmup: number; readonly duration: number }
  | { readonly name: 'idle'; readonly members: number; readonly settle: number }
  | { readonly name: 'reconnect'; readonly members: number; readonly missed: number }

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly task: Task
  /** What a server has to be able to do. */
  readonly needs?: 'echo' | 'rooms' | 'acks'
  /** Repetitions unless told otherwise. */
  readonly reps: number
  /** Servers that run in it unless told otherwise. The first one is what the others are compared with. */
  readonly servers: readonly string[]
  /** What `--small` runs: all servers, the first one and Parlor's (unless said otherwise), or nothing. */
  readonly small?: 'all' | 'none'
}

const WARMUP = 1
/** With few messages a second a just-in-time compiler needs longer to have seen enough. */
const LONG_WARMUP = 5
const DURATION = 3

const isSparse = (load: Load): boolean => load.kind === 'open' && load.perSecond / (load.burst ?? 1) <= 100

const fan = (rooms: number, members: number, load: Load, stalled = 0): Task => ({
  name: 'fan',
  rooms,
  members,
  stalled,
  load,
  warmup: isSparse(load) ? LONG_WARMUP : WARMUP,
  duration: DURATION,
})
const saturated = (inFlight: number): Load => ({ kind: 'closed', inFlight })
const evenly = (perSecond: number): Load => ({ kind: 'open', perSecond })

const NODE = ['parlor-node', 'parlor-node-batch']
const RUNTIMES = ['node', 'deno', 'bun', 'workers'].flatMap((name) => [`parlor-${name}`, `parlor-${name}-batch`])
const NATIVE = ['axum', 'bun-publish', 'centrifuge']
const PEERS = [...NATIVE, 'axum-nodelay', 'ws', 'hono', 'socketio', 'deno']
const PARTY = ['partyserver', 'partyserver-hibernating', 'parlor-workers', 'parlor-workers-batch']

/** Offered messages a second, for the curve of what lingering does. */
export const OFFERED = [25, 50, 100, 200, 300, 500, 800]
export const CURVE_MEMBERS = [100, 1000]

const curve = (members: number): Scenario[] =>
  OFFERED.map(
    (rate): Scenario => ({
      name: `curve${members}-${rate}`,
      title: `${rate} messages a second, evenly, to ${members} members`,
      task: fan(1, members, evenly(rate)),
      reps: 1,
      servers: ['axum', 'parlor-node', 'parlor-node-nolinger'],
      ...(members === 100 && [25, 800].includes(rate) ? {} : { small: 'none' }),
    }),
  )

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'fan1000',
    title: 'one room of 1,000, saturated: 16 messages in flight',
    task: fan(1, 1000, saturated(16)),
    reps: 2,
    servers: [...PEERS, 'parlor-node-chat', ...RUNTIMES],
    small: 'all',
  },
  {
    name: 'fan100',
    title: 'one room of 100, saturated: 16 messages in flight',
    task: fan(1, 100, saturated(16)),
    reps: 3,
    servers: [...NATIVE, ...NODE, 'parlor-node-alone'],
  },
  {
    name: 'burst1000',
    title: '20 messages at once, ten times a second, to 1,000 members',
    task: fan(1, 1000, { kind: 'open', perSecond: 200, burst: 20 }),
    reps: 3,
    servers: [...NATIVE, ...NODE],
  },
  {
    name: 'even300',
    title: '300 messages a second, evenly, to 1,000 members',
    task: fan(1, 1000, evenly(300)),
    reps: 3,
    servers: [...NATIVE, ...NODE, 'parlor-node-alone'],
  },
  {
    name: 'stall300',
    title: 'the same, and 300 of the 1,000 members read nothing',
    task: fan(1, 1000, evenly(300), 300),
    reps: 3,
    servers: ['axum', 'ws', ...NODE],
  },
  {
    name: 'even50',
    title: '50 messages a second, evenly, to 1,000 members',
    task: fan(1, 1000, evenly(50)),
    reps: 3,
    small: 'none',
    servers: [...NATIVE, ...NODE, 'parlor-node-alone'],
  },
  {
    name: 'rooms',
    title: '1,000 rooms of 10, saturated: 64 messages in flight',
    task: fan(1000, 10, saturated(64)),
    needs: 'rooms',
    reps: 3,
    servers: [...NATIVE, 'hono', ...NODE],
  },
  {
    name: 'echo',
    title: 'echo, 64 connections, one message in flight each',
    task: fan(64, 1, saturated(64)),
    needs: 'echo',
    reps: 2,
    servers: ['axum', 'bun-publish', 'deno', 'ws', 'hono', 'parlor-node', 'parlor-deno', 'parlor-bun'],
  },
  {
    name: 'ack',
    title: 'from publishing to the acknowledgement, one message at a time, in a room of 100',
    task: { name: 'ack', members: 100, warmup: WARMUP, duration: DURATION },
    needs: 'acks',
    reps: 1,
    servers: ['centrifuge', 'socketio', 'parlor-node', 'parlor-deno', 'parlor-bun', 'parlor-workers'],
  },
  {
    name: 'idle',
    title: '10,000 members of one room, of whom nobody says anything',
    task: { name: 'idle', members: 10_000, settle: 3 },
    reps: 1,
    servers: [
      ...['axum', 'bun-publish', 'centrifuge', 'ws', 'hono', 'socketio', 'deno'],
      ...['parlor-node', 'parlor-deno', 'parlor-bun'],
    ],
  },
  {
    name: 'reconnect',
    title: '5,000 members come back at once; to Parlor with `since`, each to catch up on 20 messages',
    task: { name: 'reconnect', members: 5000, missed: 20 },
    reps: 1,
    servers: ['axum', 'hono', ...NODE, 'parlor-deno', 'parlor-bun'],
  },
  ...[200, 1000].map(
    (members): Scenario => ({
      name: `workers${members}`,
      title: `one room of ${members} on workerd, saturated: 16 messages in flight`,
      task: fan(1, members, saturated(16)),
      reps: 2,
      servers: PARTY,
      ...(members === 200 ? {} : { small: 'none' }),
    }),
  ),
  ...CURVE_MEMBERS.flatMap(curve),
]

/** The same in a hurry, to see that it works: a tenth of everybody, for half a second, fewer servers. */
export function small(scenario: Scenario): Scenario {
  const servers = scenario.servers.filter((name, at) => at === 0 || isParlor(name) || scenario.small === 'all')
  return {
    ...scenario,
    title: `${scenario.title} (small: a tenth of it)`,
    servers,
    reps: 1,
    task: smaller(scenario.task),
  }
}

function smaller(task: Task): Task {
  const members = Math.ceil(task.members / 10)
  switch (task.name) {
    case 'fan': {
      const stalled = Math.floor((task.stalled ?? 0) / 10)
      return { ...task, rooms: Math.ceil(task.rooms / 10), members, stalled, warmup: 0.2, duration: 0.5 }
    }
    case 'ack':
      return { ...task, members, warmup: 0.2, duration: 0.5 }
    case 'idle':
      return { ...task, members, settle: 0.5 }
    case 'reconnect':
      return { ...task, members }
  }
}
