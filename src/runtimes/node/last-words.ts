import type { Duplex } from 'node:stream'

/** ms that a peer has to read the last words and to close. */
const LINGER = 2000
/** Bytes that it may go on sending meanwhile. */
const MAX_UNREAD = 64 * 1024 * 1024

/**
 * Ends a socket with `words`. What the peer is still sending is read and dropped, within bounds: input that is left unread makes the
 * kernel reset the connection, and the peer would lose the words too. Done when the socket is gone.
 */
export function lastWords(socket: Duplex, words: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), LINGER)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    let unread = 0
    socket.on('data', (chunk: Buffer) => {
      unread += chunk.length
      if (unread > MAX_UNREAD) socket.destroy()
    })
    socket.end(words)
    socket.resume()
  })
}
