import type { Context } from 'hono'
import type { UpgradeWebSocket, WSContext } from 'hono/ws'
import type { EventLoop } from '../core/clock.ts'
import type { Transport } from '../core/transport.ts'

/** What a platform brings: the only thing that differs between Node, Deno, Bun and Workers. */
export interface Runtime {
  /** Hono's helper for this platform. It fires `onOpen`, gives text as `string`, and negotiates SUBPROTOCOLS as SPEC.md says. */
  readonly upgradeWebSocket: UpgradeWebSocket
  /** The socket of an `onOpen`, as the core wants it. */
  transport(ws: WSContext, c: Context, wish: TransportWish): Transport
  /** The peer's address, where the platform tells it. */
  address(c: Context): string | undefined
  readonly loop: EventLoop
}

export interface TransportWish {
  /** The peer agreed to one of the subprotocols. */
  readonly agreed: boolean
  /** It agreed to frames that hold several messages. */
  readonly joined: boolean
  /** To be called for signs of life that are no messages: pongs and pings of the peer. */
  readonly alive: () => void
}
