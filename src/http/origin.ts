import { isOriginLike } from '../core/text.ts'

/** An origin as browsers write it: in lower case, without the scheme's default port and a slash at the end; undefined: it is none. */
export function originOf(text: string): string | undefined {
  // No host has a star in it: who writes one means a pattern, and none would match.
  if (!isOriginLike(text) || text.includes('*') || !URL.canParse(text)) return undefined
  const { origin, protocol, host } = new URL(text)
  // Of schemes that are not the web's, such as those of extensions, URL answers "null".
  return origin === 'null' ? `${protocol}//${host.toLowerCase()}` : origin
}

/**
 * Whether a handshake may come from where it says: from no browser, from the host it asks, or from an allowed origin, each as
 * `originOf` has it (`*`: any).
 */
export function isAllowedOrigin(request: Request, allowed: readonly string[]): boolean {
  const text = request.headers.get('origin')
  if (text === null || allowed.includes('*')) return true
  const origin = originOf(text)
  return origin !== undefined && (allowed.includes(origin) || origin === ownOrigin(request, origin))
}

/** Where the request was sent to, as an origin of the asking one's scheme: a proxy in front may have spoken TLS. */
function ownOrigin(request: Request, asking: string): string | undefined {
  const host = request.headers.get('host') ?? new URL(request.url).host
  return originOf(`${new URL(asking).protocol}//${host}`)
}
