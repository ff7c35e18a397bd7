import type { User } from '../core/protocol.ts'

/** Why there is no connection at the moment. */
export type Why =
  /** An open connection ended, with a close code of SPEC.md section 10, or 1006. */
  | { readonly kind: 'lost'; readonly code: number; readonly reason: string }
  /** An open connection was silent for too long. */
  | { readonly kind: 'silent' }
  /** No connection was made in time, or none at all: the network, or a server that refuses (a browser does not say which). */
  | { readonly kind: 'unreachable'; readonly code: number; readonly reason: string }
  /** The callback for a token threw, or did not answer in time. */
  | { readonly kind: 'token'; readonly error: unknown }
  /** The server stops and said when to come back. */
  | { readonly kind: 'draining' }

/** It is over; `connect` makes another. */
export interface Closed {
  readonly kind: 'closed'
  readonly code: number
  readonly reason: string
  /**
   * `asked`: by `close()`. `replaced` (4501): another connection took this one's place; connect again only if the user wants it here.
   * `bad_frames` (4500): this client and the server don't understand each other; another version is needed.
   * `token_expired` (4100): get another token; only where it was given as a text. `refused`: the server's reason says more.
   */
  readonly why: 'asked' | 'replaced' | 'bad_frames' | 'token_expired' | 'refused'
}

export type ConnectionState =
  /** `attempt`: 1 for the first one, and for the first one after a connection that held. */
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'open'; readonly connection: string; readonly user: User }
  /** Attempt number `attempt` is made at `until` (ms since 1970), or sooner where the network changes. */
  | { readonly kind: 'waiting'; readonly until: number; readonly attempt: number; readonly why: Why }
  | Closed

const MEANINGS: ReadonlyMap<number, Closed['why']> = new Map([
  [4100, 'token_expired'],
  [4500, 'bad_frames'],
  [4501, 'replaced'],
])

/** What a close code means where no further connection is to be made. */
export const closedBy = (code: number, reason: string): Closed => ({
  kind: 'closed',
  code,
  reason,
  why: MEANINGS.get(code) ?? 'refused',
})
