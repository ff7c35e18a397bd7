import { Socket } from 'node:net'

export interface StreamWatcher {
  /** The stream is about to be written to, by whomever, or to be given what was read: bytes, the end of all, or an error. */
  streaming(): void
}

/** A socket whose writes somebody watches: kept in it, since a closure a socket would cost more. */
interface WatchedSocket extends Socket {
  [WATCHER]: StreamWatcher
}

const WATCHER = Symbol('watcher')

/** Tells `watcher` of whatever is written to the stream of `socket` from now on, before it is: control frames of `ws`, and what an application does with it. */
export function watchWrites(socket: Socket, watcher: StreamWatcher): void {
  Object.assign(socket, { [WATCHER]: watcher, write })
}

function write(this: Socket, ...args: Parameters<Socket['write']>): boolean {
  if (isWatched(this)) this[WATCHER].streaming()
  return Socket.prototype.write.apply(this, args)
}

const isWatched = (socket: Socket): socket is WatchedSocket => WATCHER in socket
