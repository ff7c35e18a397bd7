import type { Context, Handler } from 'hono'
import * as v from 'valibot'
import type { Random } from '../core/random.ts'
import { tokenOf } from './auth.ts'
import { signToken, tokenReader, UserText } from './tokens.ts'

const Body = v.object({ name: UserText })

/** `POST /token`: who holds a guest token gets one of their own, with the name they give, that ends when the guest token does. */
export function guestToken(secret: string, random: Random): Handler {
  const claimsOf = tokenReader(secret)
  return async (c: Context) => {
    const token = tokenOf(c.req.raw)
    const claims = token === undefined ? undefined : await claimsOf(token)
    if (!claims?.guest) return c.text('Invalid token', 401, { 'WWW-Authenticate': 'Bearer' })
    const body = v.safeParse(Body, await c.req.json().catch(() => undefined))
    if (!body.success) return c.text('A JSON body with a name is needed: 1 to 128 characters, no controls', 400)
    const { exp } = claims
    const own = { sub: `guest-${random.id(8)}`, name: body.output.name, ...(exp === undefined ? {} : { exp }) }
    return c.json({ token: await signToken(own, secret) })
  }
}
