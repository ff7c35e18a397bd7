import type { ErrorCode } from '../core/protocol.ts'

/**
 * What goes wrong on this side. `closed`: the client was closed. `left`: the room was left. `removed`: the server ended the membership.
 * `already_joined`: this client is in the room. `queue_full`: too much waits. `not_sent`: a transient message that nobody can get now.
 */
export type ClientErrorCode = 'closed' | 'left' | 'removed' | 'already_joined' | 'queue_full' | 'not_sent'

/** A request that was not done, or of which it can't be known. The codes of the server are those of SPEC.md section 11. */
export class ParlorError extends Error {
  readonly code: ErrorCode | ClientErrorCode
  /** `unknown`: it was sent, and may have been done. */
  readonly outcome: 'not_done' | 'unknown'

  constructor(code: ErrorCode | ClientErrorCode, message: string, outcome: 'not_done' | 'unknown' = 'not_done') {
    super(message)
    this.name = 'ParlorError'
    this.code = code
    this.outcome = outcome
  }
}
