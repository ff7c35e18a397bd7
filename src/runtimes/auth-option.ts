/** As RFC 7518 wants of a key for HS256: no shorter than the hash. In characters. */
const LEAST_SECRET = 32

const FORMS = "{ secret } with a text, { authenticate } with a function, or 'off'"
const SECRET = `a text of at least ${LEAST_SECRET} characters`

/** What is wrong with the option `auth`, in words that show nothing of what may be a secret. */
export function authProblem(auth: unknown): string | undefined {
  if (auth === 'off') return undefined
  if (typeof auth !== 'object' || auth === null) return `auth is ${kindOf(auth)}; it must be ${FORMS}`
  const isAsking = 'authenticate' in auth
  const secret = 'secret' in auth ? auth.secret : undefined
  if (isAsking && secret !== undefined) return `auth has both a secret and authenticate; it must be ${FORMS}`
  if (isAsking) {
    const { authenticate } = auth
    if (typeof authenticate === 'function') return undefined
    return `auth.authenticate is ${kindOf(authenticate)}; it must be a function`
  }
  if (!('secret' in auth)) return `auth is ${kindOf(auth)}; it must be ${FORMS}`
  if (typeof secret !== 'string' || secret === '') return `auth.secret is ${kindOf(secret)}; it must be ${SECRET}`
  return secret.length < LEAST_SECRET ? `auth.secret is too short; it must be ${SECRET}` : undefined
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (value === '') return 'an empty text'
  if (typeof value === 'string') return 'a text'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
