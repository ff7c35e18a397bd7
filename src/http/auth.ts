import type { Eventually } from '../core/eventually.ts'
import type { Identity } from '../core/hooks.ts'
import type { Random } from '../core/random.ts'
import { identityFrom } from './identity.ts'
import { identityOf, tokenReader } from './tokens.ts'

/** Who may connect: bearers of tokens signed with `secret` (JWT, HS256), whoever a function of the application knows, or everybody. */
export type AuthOptions =
  | { readonly secret: string }
  | {
      /** Answers whose token it is; undefined: nobody's. `request` is the handshake, absent where an `auth` frame renews. May take its time. */
      readonly authenticate: (token: string | undefined, request?: Request) => Eventually<Identity | undefined>
    }
  | 'off'

/** Answers whose token it is; undefined: nobody's. Fails where the application's own check does. */
export interface Authenticator {
  /** For a handshake. */
  readonly admit: (token: string | undefined, request: Request) => Eventually<Identity | undefined>
  /** For an `auth` frame of a connection that belongs to `current`. */
  readonly renew: (token: string, current: Identity) => Eventually<Identity | undefined>
}

export function authenticator(auth: AuthOptions, random: Random): Authenticator {
  if (auth === 'off') {
    return {
      admit: () => ({ user: { id: `guest-${random.id(8)}`, name: 'Guest' } }),
      renew: (_token, current) => current,
    }
  }
  if ('authenticate' in auth) {
    const ask = async (token: string | undefined, request?: Request): Promise<Identity | undefined> =>
      identityFrom(await auth.authenticate(token, request))
    return { admit: ask, renew: (token) => ask(token) }
  }
  const claimsOf = tokenReader(auth.secret)
  const read = async (token: string | undefined): Promise<Identity | undefined> => {
    const claims = token === undefined ? undefined : await claimsOf(token)
    return claims && identityOf(claims)
  }
  return { admit: read, renew: read }
}

const BEARER_PROTOCOL = 'bearer.'

/** The token of a handshake: from the query, the Authorization header or an offered subprotocol, in this order. */
export function tokenOf(request: Request): string | undefined {
  const query = request.url.includes('?') ? new URL(request.url).searchParams.get('token') : null
  if (query !== null) return query
  const header = /^bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')
  if (header) return header[1]
  const offered = offeredProtocols(request.headers.get('sec-websocket-protocol')).find((name) =>
    name.startsWith(BEARER_PROTOCOL),
  )
  return offered?.slice(BEARER_PROTOCOL.length)
}

/** The subprotocols that a handshake offers, with or without blanks after the commas. */
export function offeredProtocols(header: string | null | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
