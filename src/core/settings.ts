import type { LogLimits } from './broadcast-adapter.ts'

/** Some of `T`; undefined is as not given. */
export type Given<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** What the application may decide per room. */
export interface RoomSettings {
  readonly history?: Given<LogLimits> | undefined
}

/** Room settings by pattern: a room's name, where `*` stands for any characters. The first that fits is taken. */
export type RoomPatterns = Readonly<Record<string, RoomSettings>>

/** The bounds on what a peer may ask of a process. 0 turns a bound off where it says so. */
export interface Limits {
  /** Bytes of UTF-8 in one text frame. */
  readonly message: number
  /** UTF-16 code units in a room's name. */
  readonly roomName: number
  /** Rooms a connection. */
  readonly rooms: number
  /** Bad frames in a row. */
  readonly badFrames: number
  /** Connections a process. 0: no bound. */
  readonly connections: number
  /** Connections an address. 0: no bound. */
  readonly connectionsPerAddress: number
  /** Publishes a second and connection. 0: no bound. */
  readonly publishRate: number
  /** ms that the adapter or a hook may take over one request, before it is answered with `unavailable`. */
  readonly request: number
}

export interface Heartbeat {
  /** ms of silence after which a peer is pinged. */
  readonly interval: number
  /** ms of further silence after which it is dropped. */
  readonly grace: number
}

export interface HubSettings {
  readonly limits: Limits
  readonly heartbeat: Heartbeat
  /** ms over which clients are told to spread their reconnecting. */
  readonly drainWindow: number
  /** ms that publications wait at most for others, to be handed out with them, while the process is busy handing out. 0: they never wait. */
  readonly maxLinger: number
}

export const DEFAULT_LOG_LIMITS: LogLimits = { size: 100, ttl: 5 * 60_000, bytes: 4 * 1024 * 1024 }

/** Bytes that all logs in a process's memory may take together. */
export const DEFAULT_TOTAL_BYTES = 256 * 1024 * 1024

export const DEFAULT_SETTINGS: HubSettings = {
  limits: {
    message: 64 * 1024,
    roomName: 128,
    rooms: 128,
    badFrames: 20,
    connections: 50_000,
    connectionsPerAddress: 0,
    publishRate: 0,
    request: 10_000,
  },
  heartbeat: { interval: 30_000, grace: 10_000 },
  drainWindow: 5000,
  maxLinger: 25,
}

/** A frame that a runtime need not even read to the end: the connection is closed with 1009. In bytes. */
export const MAX_FRAME = 1024 * 1024

/** The longest time that every platform can wait for. In ms. */
const MAX_WAIT = 2 ** 31 - 1

/** The least and the most that something may be set to. */
export type Bounds = readonly [min: number, max: number]

/** The bounds of every setting: what lies outside could not take effect, or would do no good. */
export const BOUNDS = {
  history: { size: [1, 1_000_000], ttl: [1, Number.MAX_SAFE_INTEGER], bytes: [1, Number.MAX_SAFE_INTEGER] },
  limits: {
    message: [1, MAX_FRAME],
    roomName: [1, 1024],
    rooms: [1, 100_000],
    badFrames: [1, 1_000_000],
    connections: [0, 10_000_000],
    connectionsPerAddress: [0, 10_000_000],
    publishRate: [0, 1_000_000],
    request: [100, MAX_WAIT],
  },
  heartbeat: { interval: [100, MAX_WAIT], grace: [100, MAX_WAIT] },
  drainWindow: [0, MAX_WAIT],
  maxLinger: [0, 1000],
  writerThreads: [0, 16],
} as const satisfies {
  readonly history: Readonly<Record<keyof LogLimits, Bounds>>
  readonly limits: Readonly<Record<keyof Limits, Bounds>>
  readonly heartbeat: Readonly<Record<keyof Heartbeat, Bounds>>
  readonly drainWindow: Bounds
  readonly maxLinger: Bounds
  readonly writerThreads: Bounds
}

/** What bounds the log of a room, by its name: the first pattern that fits, over `fallback`. */
export function logLimitsBy(patterns: RoomPatterns, fallback: LogLimits): (room: string) => LogLimits {
  const rules = Object.entries(patterns).map(([pattern, { history }]) => ({
    pattern: patternOf(pattern),
    limits: over(fallback, history),
  }))
  return (room) => rules.find(({ pattern }) => pattern.test(room))?.limits ?? fallback
}

function over(fallback: LogLimits, given: Given<LogLimits> = {}): LogLimits {
  const { size = fallback.size, ttl = fallback.ttl, bytes = fallback.bytes } = given
  return { size, ttl, bytes }
}

const patternOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*')}$`,
    'su',
  )
