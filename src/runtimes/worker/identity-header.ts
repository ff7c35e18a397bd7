import * as v from 'valibot'
import type { Identity } from '../../core/hooks.ts'
import { identityFrom } from '../../http/identity.ts'

/** Where the Worker tells an object whose handshake it is. Only the Worker can reach an object, and it never passes on a client's own. */
const HEADER = 'x-parlor-identity'

const Text = v.pipe(v.string(), v.parseJson())

export function withIdentity(headers: Headers, identity: Identity): Headers {
  const told = new Headers(headers)
  told.set(HEADER, encodeURIComponent(JSON.stringify(identity)))
  return told
}

export function identityIn(request: Request): Identity | undefined {
  const header = request.headers.get(HEADER)
  return header === null ? undefined : identityFrom(v.parse(Text, decodeURIComponent(header)))
}
