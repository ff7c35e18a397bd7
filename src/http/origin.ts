/** Whether a handshake may come from where it says: from no browser, from the host it asks, or from an allowed origin (`*`: any). */
export function isAllowedOrigin(request: Request, allowed: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  if (origin === null || allowed.includes('*') || allowed.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === hostOf(request)
}

const hostOf = (request: Request): string => request.headers.get('host')?.toLowerCase() ?? new URL(request.url).host
