import * as v from 'valibot'
import type { BroadcastAdapter, LogLimits } from '../core/broadcast-adapter.ts'
import type { Hooks } from '../core/hooks.ts'
import type { Logger } from '../core/logger.ts'
import {
  BOUNDS,
  DEFAULT_LOG_LIMITS,
  DEFAULT_SETTINGS,
  type Given,
  type Heartbeat,
  type HubSettings,
  type Limits,
  logLimitsBy,
  type RoomPatterns,
} from '../core/settings.ts'
import type { AuthOptions } from '../http/auth.ts'
import { originOf } from '../http/origin.ts'
import type { MakeAdapter } from './adapter.ts'
import { isAdapterOption, lackOf } from './adapter-option.ts'
import { authProblem } from './auth-option.ts'
import { isObject, missingIn, problemOf, refusal, shown, whole } from './problems.ts'
import { type Known, unknownInEach, unknownOptions } from './unknown-options.ts'

export interface ParlorOptions {
  /** Who may connect. There is no default: to let everybody in is a decision too. */
  readonly auth: AuthOptions
  /** Origins beside the page's own from which browsers may connect, e.g. `https://example.org`; `*`: any. None by default. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** How much of a room's log is kept: 100 publications, 5 minutes, 4 MiB by default. */
  readonly history?: Given<LogLimits> | undefined
  /** Settings for rooms by pattern, over `history`: `{ 'team:*': { history: { size: 1000 } } }`. */
  readonly rooms?: RoomPatterns | undefined
  readonly limits?: Given<Limits> | undefined
  readonly heartbeat?: Given<Heartbeat> | undefined
  /** ms over which clients spread their reconnecting after a drain. 5000 by default. */
  readonly drainWindow?: number | undefined
  /**
   * ms that publications wait at most for others while the process is busy handing out, so that they go out together. 0: they never wait.
   * 25 by default.
   */
  readonly maxLinger?: number | undefined
  /**
   * Threads that help to write where 64 sockets and more are written to at once, in one room or in many: the last of them hears sooner so.
   * 0: none. By default 1, and none where there is only one core. On Node only.
   */
  readonly writerThreads?: number | undefined
  readonly hooks?: Hooks | undefined
  /** The engine behind rooms, or what makes it: `memoryAdapter()` by default, `sqliteAdapter(file)`. */
  readonly adapter?: BroadcastAdapter | MakeAdapter | undefined
  /** Serve the chat page at `/`. Off by default. */
  readonly page?: boolean | undefined
  /** Serve `POST /token`, where guest tokens are exchanged for named ones. Needs a `secret`. Off by default. */
  readonly guestTokens?: boolean | undefined
  /** Where logs go. Nowhere by default. */
  readonly log?: Logger | undefined
}

/** Options of a process of one's own: on Workers there are none of them. */
export const PROCESS_OPTIONS = ['adapter', 'guestTokens', 'drainWindow', 'maxLinger', 'writerThreads'] as const

/** Options of every platform. */
export type CommonOptions = Omit<ParlorOptions, (typeof PROCESS_OPTIONS)[number]>

/** The options that are more than passed on: checked, and over their defaults. */
export interface ReadOptions {
  readonly settings: HubSettings
  readonly limitsOf: (room: string) => LogLimits
  /** As browsers write them. */
  readonly allowedOrigins: readonly string[]
  /** Undefined: not given. */
  readonly writerThreads: number | undefined
}

/** In what the options of a platform differ. */
export interface OptionNames {
  /** Those that it has beside these, which it reads itself. */
  readonly added?: readonly string[]
  readonly absent?: readonly (keyof ParlorOptions)[]
}

/** Reads the options; undefined is as not given. Throws a TypeError that lists every one that can't be. */
export function readOptions(options: ParlorOptions, { added = [], absent = [] }: OptionNames = {}): ReadOptions {
  if (!isObject(options)) {
    throw refusal(WHO, [`options are ${shown(options)}; they must be an object with auth at least`])
  }
  const { auth, guestTokens } = options
  const read = v.safeParse(Options, options)
  const needless = guestTokens === true && !(isObject(auth) && 'secret' in auth)
  const problems = [
    authProblem(auth) ?? [],
    (read.issues ?? []).map(problemOf),
    needless ? 'guestTokens is true; there are none without auth: { secret }' : [],
    unknownOptions(options, knownBut(added, absent)),
    unknownInEach(options.rooms, { history: KNOWN['history'] }, 'rooms'),
  ].flat()
  if (!read.success || problems.length > 0) throw refusal(WHO, problems)
  const { history, rooms, limits, heartbeat, drainWindow, maxLinger, allowedOrigins, writerThreads } = read.output
  const settings = { limits, heartbeat, drainWindow, maxLinger }
  return { settings, limitsOf: logLimitsBy(rooms, history), allowedOrigins, writerThreads }
}

const WHO = 'createParlor'

const objectOf = (example: string): string => `an object such as ${example}`

const HISTORY = objectOf('{ size: 1000 }')

const NO_BOUND = '0: no bound'

const size = whole(BOUNDS.history.size)
const ttl = whole(BOUNDS.history.ttl, 'ms')
const bytes = whole(BOUNDS.history.bytes, 'bytes')
const RoomHistory = v.object({ size: v.optional(size), ttl: v.optional(ttl), bytes: v.optional(bytes) }, HISTORY)

const History = v.object(
  {
    size: v.optional(size, DEFAULT_LOG_LIMITS.size),
    ttl: v.optional(ttl, DEFAULT_LOG_LIMITS.ttl),
    bytes: v.optional(bytes, DEFAULT_LOG_LIMITS.bytes),
  },
  HISTORY,
)

const { limits, heartbeat, drainWindow, maxLinger } = DEFAULT_SETTINGS

const LimitsOption = v.object(
  {
    message: v.optional(whole(BOUNDS.limits.message, 'bytes', 'no frame is larger'), limits.message),
    roomName: v.optional(whole(BOUNDS.limits.roomName), limits.roomName),
    rooms: v.optional(whole(BOUNDS.limits.rooms), limits.rooms),
    badFrames: v.optional(whole(BOUNDS.limits.badFrames), limits.badFrames),
    connections: v.optional(whole(BOUNDS.limits.connections, '', NO_BOUND), limits.connections),
    connectionsPerAddress: v.optional(
      whole(BOUNDS.limits.connectionsPerAddress, '', NO_BOUND),
      limits.connectionsPerAddress,
    ),
    publishRate: v.optional(whole(BOUNDS.limits.publishRate, '', NO_BOUND), limits.publishRate),
    request: v.optional(whole(BOUNDS.limits.request, 'ms'), limits.request),
  },
  objectOf('{ rooms: 10 }'),
)

const HeartbeatOption = v.object(
  {
    interval: v.optional(whole(BOUNDS.heartbeat.interval, 'ms'), heartbeat.interval),
    grace: v.optional(whole(BOUNDS.heartbeat.grace, 'ms'), heartbeat.grace),
  },
  objectOf('{ interval: 30000 }'),
)

const ORIGIN = 'an origin such as https://example.org, or *'

const Origin = v.pipe(
  v.string(ORIGIN),
  v.check((text) => text === '*' || originOf(text) !== undefined, ORIGIN),
  v.transform((text) => originOf(text) ?? text),
)

const HookOption = v.optional(v.function('a function'))
const HooksOption = v.object({ join: HookOption, publish: HookOption }, objectOf('{ join: ({ user, room }) => true }'))

const Flag = v.optional(v.boolean('true or false'))

const AdapterOption = v.pipe(
  v.unknown(),
  v.check(
    isAdapterOption,
    ({ input }) => `a BroadcastAdapter, or what makes one, such as sqliteAdapter('./parlor.db')${lackOf(input)}`,
  ),
)

const LEVELS: Readonly<Record<keyof Logger, true>> = { debug: true, info: true, warn: true, error: true }

const LogOption = v.custom<Logger>(
  (log) => isObject(log) && missingIn(log, LEVELS).length === 0,
  `a logger with the methods ${Object.keys(LEVELS).join(', ')}`,
)

const ROOMS = objectOf("{ 'team:*': { history: { size: 1000 } } }")

const RoomsOption = v.pipe(
  v.unknown(),
  v.check((rooms) => !Array.isArray(rooms), ROOMS),
  v.record(v.string(), v.object({ history: v.optional(RoomHistory) }, objectOf('{ history: { size: 1000 } }')), ROOMS),
)

const Options = v.object({
  history: v.optional(History, {}),
  rooms: v.optional(RoomsOption, {}),
  limits: v.optional(LimitsOption, {}),
  heartbeat: v.optional(HeartbeatOption, {}),
  drainWindow: v.optional(whole(BOUNDS.drainWindow, 'ms'), drainWindow),
  maxLinger: v.optional(whole(BOUNDS.maxLinger, 'ms'), maxLinger),
  writerThreads: v.optional(whole(BOUNDS.writerThreads)),
  allowedOrigins: v.optional(v.array(Origin, 'a list of origins'), []),
  hooks: v.optional(HooksOption),
  adapter: v.optional(AdapterOption),
  page: Flag,
  guestTokens: Flag,
  log: v.optional(LogOption),
})

const namesOf = ({ entries }: { readonly entries: object }): Known =>
  Object.fromEntries(Object.keys(entries).map((name) => [name, undefined]))

const KNOWN: Known = {
  auth: { secret: undefined, authenticate: undefined },
  ...namesOf(Options),
  history: namesOf(History),
  limits: namesOf(LimitsOption),
  heartbeat: namesOf(HeartbeatOption),
  hooks: namesOf(HooksOption),
}

const knownBut = (added: readonly string[], absent: readonly string[]): Known =>
  Object.fromEntries([
    ...Object.entries(KNOWN).filter(([name]) => !absent.includes(name)),
    ...added.map((name) => [name, undefined]),
  ])
