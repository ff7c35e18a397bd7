import type { Body } from './broadcast-adapter.ts'
import type { Eventually } from './eventually.ts'
import type { User } from './protocol.ts'

/** Who a connection belongs to, and until when. */
export interface Identity {
  readonly user: User
  /** ms since 1970; absent: no end. */
  readonly expires?: number | undefined
}

/**
 * What an application may decide. Each hook may take its time: it holds up requests of the same connection and room, nothing else.
 * `false` is answered with `forbidden`, a throw with `internal` (a RequestError: with its own code).
 */
export interface Hooks {
  /** May this user join the room? */
  readonly join?: ((request: { readonly user: User; readonly room: string }) => Eventually<boolean>) | undefined
  /** May this user publish this in the room, which it has joined? */
  readonly publish?:
    | ((request: { readonly user: User; readonly room: string; readonly body: Body }) => Eventually<boolean>)
    | undefined
}
