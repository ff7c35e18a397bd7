import { addressOf } from './address.ts'
import type { Closed, ConnectionState } from './connection-state.ts'
import { type Environment, platform } from './environment.ts'
import { ParlorError } from './errors.ts'
import { Link } from './link.ts'
import { Membership } from './membership.ts'
import { safely } from './observable.ts'
import type { Capacity } from './requests.ts'
import type { JoinOptions, Room } from './room.ts'
import type { SocketConstructor } from './socket.ts'
import type { Token } from './token.ts'
import { refuseOthers } from './unknown-options.ts'
import type { Wire } from './wire.ts'

export interface ConnectOptions {
  /** A token, or a callback that gets one: asked before every connection, and when the last one runs out. */
  readonly token?: Token | undefined
  /** Where the token goes: `?token=`, or a subprotocol, which is not in logs of addresses. */
  readonly tokenIn?: 'query' | 'subprotocol' | undefined
  /** Where the platform has none (Node 20): that of the package `ws`. */
  readonly WebSocket?: SocketConstructor | undefined
  /** How many publishes and history requests may wait, over all rooms: 1000 unless said. */
  readonly queue?: number | undefined
  /** Something came that this client does not understand, and ignores. For logs. */
  readonly onProtocolError?: ((what: string, text: string) => void) | undefined
  /** Time, chance and events of the platform, for tests and simulations. */
  readonly environment?: Partial<Environment> | undefined
}

/** One client. `state`, and `subscribe` to hear of its changes. */
export interface Parlor {
  readonly state: ConnectionState
  readonly subscribe: (listener: (state: ConnectionState) => void) => () => void
  /** Joins a room, now or as soon as there is a connection, and again after every break. Throws where it is joined already, a handler is missing, or an option is none. */
  join(room: string, options: JoinOptions): Room
  /** Makes the next attempt at once, where it would wait. */
  retry(): void
  /** Ends it for good. What has not been acknowledged is given up. */
  close(): void
}

/** Connects, and stays connected until it is closed. Throws where the address or an option is none, or the platform has no WebSocket. */
export function connect(url: string | URL, options: ConnectOptions = {}): Parlor {
  const {
    token,
    tokenIn = 'query',
    WebSocket = globalThis.WebSocket,
    queue: limit = 1000,
    onProtocolError,
    environment,
    ...others
  } = options
  refuseOthers(others)
  const env = { ...platform, ...environment }
  if (!WebSocket) throw new TypeError('No WebSocket here: set options.WebSocket')
  const rooms = new Map<string, Membership>()
  const capacity: Capacity = { limit, used: 0 }
  let wire: Wire | undefined

  const all = (): Membership[] => [...rooms.values()]
  const closed = ({ code, reason, why }: Closed): void => {
    const error = new ParlorError('closed', `Closed: ${code} ${reason}`)
    for (const room of all()) room.closed(why === 'asked' ? undefined : error)
  }

  const link = new Link(
    {
      address: addressOf(url),
      token,
      tokenIn,
      WebSocket,
      env,
    },
    {
      opened(opened) {
        wire = opened
        for (const room of all()) room.opened(opened)
      },
      lost() {
        wire = undefined
        for (const room of all()) room.lost()
      },
      received: (frame) => 'room' in frame && rooms.get(frame.room ?? '')?.received(frame),
      closed,
      confused: (what, text) => safely(env.report, () => onProtocolError?.(what, text)),
    },
  )

  return {
    get state() {
      return link.state.value
    },
    subscribe: link.state.subscribe,
    join(name, joinOptions) {
      if (link.state.value.kind === 'closed') throw new ParlorError('closed', 'Closed')
      if (rooms.has(name)) throw new ParlorError('already_joined', `Already in ${name}`)
      const room = new Membership(name, joinOptions, env, capacity, () => rooms.delete(name))
      rooms.set(name, room)
      if (wire) room.opened(wire)
      return room
    },
    retry: () => link.retry(),
    close: () => link.close({ kind: 'closed', code: 1000, reason: '', why: 'asked' }),
  }
}
