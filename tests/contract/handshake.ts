/** HTTP/1.1 by hand: any request line, any headers, and the answer to it. */
import { randomBytes } from 'node:crypto'

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export interface HandshakeOptions {
  readonly method?: string
  readonly path?: string
  readonly version?: string
  /** Replace or, when undefined, remove the headers of a good handshake. */
  readonly headers?: Headers
  readonly body?: string
}

export function handshake(port: number, options: HandshakeOptions = {}): string {
  const { method = 'GET', path = '/ws', version = 'HTTP/1.1', body = '' } = options
  const headers: Headers = {
    Host: `127.0.0.1:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    ...options.headers,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return []
    return typeof value === 'string' ? [`${name}: ${value}`] : value.map((one) => `${name}: ${one}`)
  })
  return [`${method} ${path} ${version}`, ...lines, '', body].join('\r\n')
}

/** What makes a request an ordinary one. */
export const NO_UPGRADE: Headers = {
  Upgrade: undefined,
  Connection: 'close',
  'Sec-WebSocket-Key': undefined,
  'Sec-WebSocket-Version': undefined,
}

export interface Response {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** The response at the front of `bytes`, and its size; nothing while it is not whole. `ended`: nothing more will come. */
export function parseResponse(
  bytes: Buffer,
  ended: boolean,
): { readonly response: Response; readonly size: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1])
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  const start = end + 4
  const body = parseBody(bytes.subarray(start), status, headers, ended)
  return body && { response: { status, headers, body: body.text }, size: start + body.size }
}

function parseBody(bytes: Buffer, status: number, headers: ReadonlyMap<string, string>, ended: boolean) {
  if (status === 101 || status === 204 || status === 304) return { text: '', size: 0 }
  const length = headers.get('content-length')
  if (length !== undefined) {
    const size = Number(length)
    return bytes.length < size ? undefined : { text: bytes.subarray(0, size).toString(), size }
  }
  if (headers.get('transfer-encoding') === 'chunked') return parseChunks(bytes)
  return ended ? { text: bytes.toString(), size: bytes.length } : undefined
}

function parseChunks(bytes: Buffer) {
  let text = ''
  let at = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    const next = line + 2 + size + 2
    if (bytes.length < next) return
    if (size === 0) return { text, size: next }
    text += bytes.subarray(line + 2, line + 2 + size).toString()
    at = next
  }
}
