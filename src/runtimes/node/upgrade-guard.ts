import type { EventEmitter } from 'node:events'
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { handshakeFault } from '../../http/handshake.ts'
import { lastWords } from './last-words.ts'

/** Why a handshake is refused before anybody looks at it. */
interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Puts a guard before the listeners of a server's `upgrade` event: a socket that errs in mid-handshake can't end the process,
 * an Upgrade to anything but websocket gets 426, a handshake against RFC 6455 gets 400, and neither reaches the application.
 * To be called once, when all listeners are there.
 */
export function guardUpgrades(server: EventEmitter): void {
  const inner = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', destroy)
    const refusal = refusalOf(request)
    if (refusal) return refuse(socket, refusal)
    const upgrades = inner.map((listener) => contain(() => listener.call(server, request, socket, head), socket))
    void Promise.all(upgrades).then(() => leave(socket))
  })
}

/** One for all sockets, so that none holds its handshake. */
function destroy(this: Duplex): void {
  this.destroy()
}

/** Where somebody else listens for its errors, a socket needs the guard's listener no more. */
function leave(socket: Duplex): void {
  if (socket.listenerCount('error') > 1) socket.off('error', destroy)
}

/** Runs a listener; what it throws or rejects with costs its own socket, not the process. */
async function contain(listener: () => unknown, socket: Duplex): Promise<void> {
  try {
    await listener()
  } catch {
    refuse(socket, { status: 400, text: 'The handshake could not be read' })
  }
}

function refusalOf(request: IncomingMessage): Refusal | undefined {
  const { headers, method, httpVersionMajor, httpVersionMinor } = request
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return { status: 426, text: 'Only websocket can be upgraded to', headers: { Upgrade: 'websocket' } }
  }
  if (method !== 'GET') return { status: 405, text: 'A WebSocket handshake is a GET', headers: { Allow: 'GET' } }
  if (httpVersionMajor * 10 + httpVersionMinor < 11)
    return { status: 400, text: 'A WebSocket handshake needs HTTP/1.1' }
  const get = (name: string): string | null => [headers[name] ?? null].flat()[0] ?? null
  return handshakeFault({ headers: { get } })
}

function refuse(socket: Duplex, { status, text, headers }: Refusal): void {
  const head = Object.entries({ ...headers, 'Content-Type': 'text/plain; charset=UTF-8' })
  void answer(socket, status, head, Buffer.from(text))
}

/** Answers an upgrade with a whole response, body included. Done when the socket is gone, so that nobody answers a second time. */
export async function answerUpgrade(socket: Duplex, response: Response): Promise<void> {
  await answer(socket, response.status, response.headers, Buffer.from(await response.arrayBuffer()))
}

async function answer(
  socket: Duplex,
  status: number,
  headers: Iterable<[string, string]>,
  body: Buffer,
): Promise<void> {
  if (socket.destroyed || !socket.writable) return
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  for (const [name, value] of headers) {
    if (!['connection', 'content-length', 'transfer-encoding'].includes(name.toLowerCase()))
      lines.push(`${name}: ${value}`)
  }
  lines.push('Connection: close', `Content-Length: ${body.length}`, '', '')
  await lastWords(socket, Buffer.concat([Buffer.from(lines.join('\r\n')), body]))
}
