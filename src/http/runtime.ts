import type { Context } from 'hono'
import type { UpgradeWebSocket, WSContext } from 'hono/ws'
import type { EventLoop } from '../core/clock.ts'
import type { FanOut } from '../core/fan-out.ts'
import type { Logger } from '../core/logger.ts'
import type { Transport } from '../core/transport.ts'

/** What a platform brings: the only thing that differs between Node, Deno, Bun and Workers. */
export interface Runtime {
  /**
   * Hono's helper for this platform. It fires `onOpen`, gives text as `string`, and negotiates SUBPROTOCOLS as SPEC.md says. Where
   * `transport` tells the listener of everything, it need fire nothing after that.
   */
  readonly upgradeWebSocket: UpgradeWebSocket
  /** The socket of an `onOpen`, as the core wants it. It must not hold `ws` or `c` where memory counts. */
  transport(ws: WSContext, c: Context, wish: TransportWish): Transport
  /** The peer's address, where the platform tells it. */
  address(c: Context): string | undefined
  readonly loop: EventLoop
  /**
   * How batches reach many sockets, with so many threads to help; undefined: with as many as do good. Absent where nothing helps;
   * answers undefined where nothing does this time.
   */
  fanOut?(threads: number | undefined, log: Logger): FanOut | undefined
}

export interface TransportWish {
  /** The peer agreed to one of the subprotocols. */
  readonly agreed: boolean
  /** It agreed to frames that hold several messages. */
  readonly joined: boolean
  /** To be told of what the events of `upgradeWebSocket` do not tell: of signs of life that are no messages, or of everything. */
  readonly listener: SocketListener
}

/** Who hears a socket. Never throws. */
export interface SocketListener {
  text(text: string): void
  /** A binary frame of so many bytes. */
  binary(bytes: number): void
  /** A ping or pong of the peer. */
  alive(): void
  /** The socket is closed, or has failed and will be. Once more does no harm. */
  closed(): void
}
