/** The close codes of SPEC.md section 10. 4000-4499: reconnect; 4500-4999: do not, until something is changed. */
export const CLOSE = {
  normal: { code: 1000, reason: '' },
  tooLarge: { code: 1009, reason: 'message too large' },
  internal: { code: 1011, reason: 'internal' },
  goingAway: { code: 4000, reason: 'going_away' },
  heartbeatTimeout: { code: 4001, reason: 'heartbeat_timeout' },
  sendFailed: { code: 4002, reason: 'send_failed' },
  overloaded: { code: 4003, reason: 'overloaded' },
  rateLimited: { code: 4005, reason: 'rate_limited' },
  unavailable: { code: 4006, reason: 'unavailable' },
  tooManyConnections: { code: 4007, reason: 'too_many_connections' },
  tokenExpired: { code: 4100, reason: 'token_expired' },
  badFrames: { code: 4500, reason: 'bad_frames' },
  replaced: { code: 4501, reason: 'replaced' },
} as const satisfies Record<string, CloseReason>

/** What a close frame says: `code` as in SPEC.md, `reason` at most 123 bytes of UTF-8. */
export interface CloseReason {
  readonly code: number
  readonly reason: string
}

/** A socket on `/chat` that fell off the log by `missed` messages. */
export const lagged = (missed: number): CloseReason => ({ code: 4004, reason: `lagged ${missed}` })

/** Whether a client should connect again after this code. */
export const mayReconnect = (code: number): boolean => code < 4500
