import * as v from 'valibot'
import { BOUNDS, type Bounds, DEFAULT_LOG_LIMITS, DEFAULT_SETTINGS } from './settings.ts'
import { isOriginLike } from './text.ts'
import { parseDuration, parseSize } from './units.ts'

/** Environment variables, or what stands for them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A setting: how its text is read, its default as such a text, and what `--help` says of it. */
const setting = <T>(schema: v.GenericSchema<string, T>, fallback: string, help: string) =>
  v.optional(v.pipe(schema, v.description(help)), fallback)

const whole = ([min, max]: Bounds) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, `a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.check((n) => n >= min && n <= max, `a whole number from ${min} to ${max}`),
  )

const unit = (parse: (text: string) => number | undefined, [min, max]: Bounds, expected: string) =>
  v.pipe(
    v.string(),
    v.transform((text) => parse(text) ?? Number.NaN),
    v.check((n) => n >= min && n <= max, expected),
  )

const THREADS = `auto, or a whole number from ${BOUNDS.writerThreads.join(' to ')}`

const ttl = unit(parseDuration, BOUNDS.history.ttl, 'a duration of at least 1ms, such as 30s, 5m or 1h')
const window = unit(parseDuration, BOUNDS.drainWindow, 'a duration of at most 24d, such as 500ms, 30s or 5m')
const linger = unit(parseDuration, BOUNDS.maxLinger, 'a duration of at most 1s, such as 25ms; 0: none')
const threads = v.pipe(
  v.string(),
  v.regex(/^(?:auto|\d{1,2})$/, THREADS),
  v.transform((text) => (text === 'auto' ? undefined : Number(text))),
  v.check((n) => n === undefined || n <= BOUNDS.writerThreads[1], THREADS),
)
const beat = unit(parseDuration, BOUNDS.heartbeat.interval, 'a duration of at least 100ms, such as 30s')
const timeout = unit(parseDuration, BOUNDS.limits.request, 'a duration of at least 100ms, such as 10s')
const bytes = unit(parseSize, BOUNDS.history.bytes, 'a size such as 65536, 64KiB or 4MiB')
const message = unit(parseSize, BOUNDS.limits.message, 'a size of at most 1MiB (no frame is larger), such as 64KiB')
const oneOf = <const T extends readonly string[]>(...names: T) =>
  v.pipe(v.string(), v.picklist(names, names.join(' or ')))

/** Where rooms' logs are kept. */
export type Store = { readonly kind: 'memory' } | { readonly kind: 'sqlite'; readonly file: string }

const store = v.pipe(
  v.string(),
  v.regex(/^(?:memory|sqlite:.+)$/s, 'memory, or sqlite: and a file, such as sqlite:./parlor.db'),
  v.transform(
    (text): Store => (text === 'memory' ? { kind: 'memory' } : { kind: 'sqlite', file: text.slice('sqlite:'.length) }),
  ),
)
const list = v.pipe(
  v.string(),
  v.transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
)
const origins = v.pipe(
  list,
  v.check(
    (all) => all.every(mayBeOrigin),
    ({ input }) => originsExpected(input.filter((entry) => !mayBeOrigin(entry))),
  ),
)
const secret = v.pipe(
  v.string(),
  v.check((text) => text === '' || text.length >= 32, 'long enough: at least 32 characters'),
)

function mayBeOrigin(entry: string): boolean {
  return entry === '*' || isOriginLike(entry)
}

/** What PARLOR_ALLOWED_ORIGINS should be, and which of its entries are not. */
export function originsExpected(wrong: readonly string[]): string {
  const named = wrong.map((entry) => `"${entry}"`).join(' and ')
  return `a list of origins such as https://example.org, or *: ${named} ${wrong.length > 1 ? 'are none' : 'is none'}`
}

const { limits, heartbeat } = DEFAULT_SETTINGS
const seconds = (ms: number): string => `${ms / 1000}s`

/** Every setting of the service, in the order of `--help`. */
const Settings = v.object({
  PORT: setting(whole([0, 65535]), '3000', 'port to listen on; 0: any free one (--port)'),
  HOST: setting(
    v.pipe(v.string(), v.minLength(1, 'a host name or address')),
    '0.0.0.0',
    'address to listen on (--host)',
  ),
  PARLOR_AUTH: setting(oneOf('on', 'off'), 'on', 'off: everybody may connect, without a token'),
  PARLOR_AUTH_SECRET: setting(secret, '', 'what tokens are signed with (JWT, HS256); none: one is made for this run'),
  PARLOR_ALLOWED_ORIGINS: setting(origins, '', "origins beside the page's own that browsers may connect from; *: any"),
  PARLOR_STORE: setting(
    store,
    'memory',
    "where rooms' logs are kept; sqlite:./parlor.db: in that file, which outlives the process",
  ),
  PARLOR_HISTORY_SIZE: setting(
    whole(BOUNDS.history.size),
    `${DEFAULT_LOG_LIMITS.size}`,
    "publications kept in a room's log",
  ),
  PARLOR_HISTORY_TTL: setting(ttl, seconds(DEFAULT_LOG_LIMITS.ttl), 'how long they are kept'),
  PARLOR_HISTORY_BYTES: setting(bytes, '4MiB', 'bytes that they may take'),
  PARLOR_HISTORY_TOTAL: setting(bytes, '256MiB', 'bytes that all logs in memory may take together'),
  PARLOR_HEARTBEAT_INTERVAL: setting(beat, seconds(heartbeat.interval), 'silence after which a peer is pinged'),
  PARLOR_HEARTBEAT_GRACE: setting(beat, seconds(heartbeat.grace), 'further silence after which it is dropped'),
  PARLOR_MAX_MESSAGE_SIZE: setting(message, '64KiB', 'bytes of a message, 1MiB at most'),
  PARLOR_MAX_ROOM_NAME: setting(whole(BOUNDS.limits.roomName), `${limits.roomName}`, "characters of a room's name"),
  PARLOR_MAX_ROOMS: setting(whole(BOUNDS.limits.rooms), `${limits.rooms}`, 'rooms a connection'),
  PARLOR_MAX_BAD_FRAMES: setting(
    whole(BOUNDS.limits.badFrames),
    `${limits.badFrames}`,
    'bad frames in a row that end a connection',
  ),
  PARLOR_MAX_CONNECTIONS: setting(
    whole(BOUNDS.limits.connections),
    `${limits.connections}`,
    'connections of this process; 0: no bound',
  ),
  PARLOR_MAX_CONNECTIONS_PER_ADDRESS: setting(
    whole(BOUNDS.limits.connectionsPerAddress),
    '0',
    'connections from one address; 0: no bound',
  ),
  PARLOR_MAX_PUBLISH_RATE: setting(
    whole(BOUNDS.limits.publishRate),
    '0',
    'publishes a second and connection; 0: no bound',
  ),
  PARLOR_REQUEST_TIMEOUT: setting(
    timeout,
    seconds(limits.request),
    'how long the log or a hook may take over one request',
  ),
  PARLOR_DRAIN_WINDOW: setting(
    window,
    seconds(DEFAULT_SETTINGS.drainWindow),
    'time over which clients reconnect after a stop',
  ),
  PARLOR_MAX_LINGER: setting(
    linger,
    `${DEFAULT_SETTINGS.maxLinger}ms`,
    'time that a busy server lets publications wait for others, to send them together; 0: none',
  ),
  PARLOR_WRITER_THREADS: setting(
    threads,
    'auto',
    'threads that help to write where 64 sockets and more are written to at once, on Node; auto: 1, none on a single core',
  ),
  PARLOR_LOG_LEVEL: setting(
    oneOf('debug', 'info', 'warning', 'error', 'off'),
    'info',
    'the least level that is logged; off: nothing is',
  ),
  PARLOR_LOG_FORMAT: setting(oneOf('text', 'json'), 'text', 'text: for people; json: for machines'),
})

const NAMES: readonly string[] = Object.keys(Settings.entries)

export type Config = v.InferOutput<typeof Settings>

/** Settings that can't be: one line each that says which, what is wrong and what to write instead. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads the settings of the service. `closest` answers the name most like a given one.
 * Throws a ConfigError that lists every unknown PARLOR_* name and every bad value.
 */
export function readConfig(
  env: Environment,
  closest: (name: string, names: readonly string[]) => string | undefined,
): Config {
  const problems = unknownNames(env, closest)
  const parsed = v.safeParse(Settings, given(env))
  if (!parsed.success) {
    for (const issue of parsed.issues) problems.push(explain(v.getDotPath(issue) ?? '', env, issue.message))
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  return parsed.output
}

/** What is set; an empty variable counts as not set. */
const given = (env: Environment): Record<string, string> =>
  Object.fromEntries(
    NAMES.flatMap((name): [string, string][] => {
      const value = env[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )

/** What Kubernetes sets for Services named parlor or parlor-something: none of ours. */
const SERVICE_LINK = /^PARLOR_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
const SERVICE_PORT = /^PARLOR_(.+_)?PORT$/
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//

const isServiceLink = (name: string, value: string | undefined): boolean =>
  SERVICE_LINK.test(name) || (SERVICE_PORT.test(name) && SERVICE_ADDRESS.test(value ?? ''))

function unknownNames(
  env: Environment,
  closest: (name: string, names: readonly string[]) => string | undefined,
): string[] {
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('PARLOR_') && !NAMES.includes(name) && !isServiceLink(name, value))
    .map(([name]) => {
      const bare = name.slice('PARLOR_'.length)
      const like = NAMES.includes(bare) ? bare : closest(name, NAMES)
      return `${name}: there is no such setting${like === undefined ? '' : `; do you mean ${like}?`}`
    })
}

/** A problem with a setting that is not what it should be. */
export function explain(name: string, env: Environment, expected: string): string {
  const shown = name.includes('SECRET') ? 'its value' : `"${env[name] ?? ''}"`
  return `${name}: ${shown} is not ${expected}`
}

/** A setting in words. Its default is as one would write it; empty: none. */
export interface SettingWords {
  readonly name: string
  readonly help: string
  readonly fallback: string
}

/** Every setting, in the order of `--help`. */
export const settingsInWords = (): readonly SettingWords[] =>
  Object.entries(Settings.entries).map(([name, { wrapped, default: fallback }]) => {
    return { name, help: v.getDescription(wrapped) ?? '', fallback }
  })

/** The settings as `--help` prints them. */
export function describeSettings(): string {
  const width = Math.max(...NAMES.map((name) => name.length))
  return settingsInWords()
    .map(({ name, help, fallback }) => `  ${name.padEnd(width)}  ${help}${fallback && ` [${fallback}]`}`)
    .join('\n')
}
