import type { ErrorCode } from './protocol.ts'

/** Which errors of SPEC.md section 11 may go away by themselves, so that the same request is worth sending again. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'token_expiring', 'unavailable', 'internal'])

export const isRetryable = (code: ErrorCode): boolean => RETRYABLE.has(code)

/**
 * A request that can't be done, in the protocol's words: it becomes an `error` frame and the connection lives.
 * Adapters and hooks may throw it; anything else that they throw is answered as `internal` or `unavailable`.
 */
export class RequestError extends Error {
  readonly code: ErrorCode
  readonly path: string | undefined

  constructor(code: ErrorCode, message: string, path?: string) {
    super(message)
    this.name = 'RequestError'
    this.code = code
    this.path = path
  }
}

/** What was thrown, whatever it is, in words. */
export const wordsOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))
