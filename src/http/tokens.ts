import { sign, verify } from 'hono/jwt'
import * as v from 'valibot'
import type { Identity } from '../core/hooks.ts'
import { hasControls } from '../core/text.ts'

/** The one algorithm that tokens may have: a token does not choose how it is checked. */
const ALGORITHM = 'HS256'

/** A name or an id of a user: 1-128 characters without controls. */
export const UserText = v.pipe(
  v.string(),
  v.minLength(1, 'Expected at least 1 character'),
  v.maxLength(128, 'Expected at most 128 characters'),
  v.check((text) => !hasControls(text), 'Expected no control characters'),
)

/** The claims of a token that Parlor looks at. `guest`: may be exchanged for a token with a name of one's own. */
export const Claims = v.object({
  sub: UserText,
  name: v.optional(UserText),
  exp: v.optional(v.number()),
  guest: v.optional(v.boolean()),
})
export type Claims = v.InferOutput<typeof Claims>

/** Answers the claims of a good token; undefined where its signature, algorithm, times or claims are not in order. */
export type TokenReader = (token: string) => Promise<Claims | undefined>

/** Reads tokens that were signed with `secret`. */
export function tokenReader(secret: string): TokenReader {
  // Known from the first token on: making it takes as long as checking a token.
  let key: CryptoKey | undefined
  return async (token) => {
    try {
      key ??= await keyOf(secret, 'verify')
      const claims = v.safeParse(Claims, await verify(token, key, { alg: ALGORITHM, iat: false }))
      return claims.success ? claims.output : undefined
    } catch {
      return undefined
    }
  }
}

export async function signToken({ exp, ...claims }: Claims, secret: string): Promise<string> {
  return sign({ ...claims, ...(exp === undefined ? {} : { exp }) }, await keyOf(secret, 'sign'), ALGORITHM)
}

/** Whatever `secret` says: as text it might be taken for a key in PEM. */
const keyOf = (secret: string, usage: 'sign' | 'verify'): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [usage])

export const identityOf = ({ sub, name, exp }: Claims): Identity => ({
  user: { id: sub, name: name ?? sub },
  ...(exp === undefined ? {} : { expires: exp * 1000 }),
})
