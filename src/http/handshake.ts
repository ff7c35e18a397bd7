import type { Context } from 'hono'

/** Why a request is no WebSocket handshake that can be taken, and how it is answered. */
export interface HandshakeFault {
  readonly status: 400 | 426
  readonly text: string
  readonly headers: Record<string, string>
}

/** The answer that says so. */
export const answerFault = (c: Context, { text, status, headers }: HandshakeFault): Response =>
  c.text(text, status, headers)

/** How a request is answered that asks for no upgrade, or whose server was not told that it does. */
export const NO_UPGRADE: HandshakeFault = {
  status: 426,
  text: 'This is a WebSocket: ask for an upgrade',
  headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
}

const KEY = /^[+/0-9A-Za-z]{22}==$/

/** What breaks RFC 6455 (section 4.2.1) in the headers of a GET; undefined: nothing. */
export function handshakeFault({ headers }: { readonly headers: Pick<Headers, 'get'> }): HandshakeFault | undefined {
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return NO_UPGRADE
  if (headers.get('sec-websocket-version') !== '13') {
    const wanted = { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
    return { status: 426, text: 'WebSocket version 13 is needed', headers: wanted }
  }
  if (!KEY.test(headers.get('sec-websocket-key') ?? '')) {
    return { status: 400, text: 'Missing or bad Sec-WebSocket-Key', headers: {} }
  }
  return undefined
}
