import type { Clock, EventLoop } from '../../core/clock.ts'
import type { Kept } from '../../core/kept.ts'
import { AgreedPeer } from './agreed-peer.ts'
import type { Attachments, Found, SocketFacts } from './attachment.ts'
import { SendRate } from './rate.ts'
import { WorkerTransport } from './transport.ts'

export interface SocketTransportDeps {
  readonly clock: Clock
  readonly loop: EventLoop
  readonly attachments: Attachments
  /** When the runtime last answered a ping of this socket by itself, in ms since 1970; undefined: never. */
  readonly pingedAt: () => number | undefined
}

/** The transport of a socket, by what its peer agreed to. `found`: of one that was there before memory was lost. */
export function transportOf(
  socket: WebSocket,
  facts: SocketFacts,
  found: Found | undefined,
  deps: SocketTransportDeps,
): WorkerTransport {
  const { attachments } = deps
  let last = found?.kept
  const forget = (): void => {
    if (last) attachments.forget(last.connection)
    last = undefined
  }
  if (facts.agreed === undefined) {
    const keep = (kept: Kept): void => {
      last = kept
      attachments.write(socket, { facts, kept, peer: undefined })
    }
    return new WorkerTransport(socket, false, new SendRate(deps), { keep, forget })
  }
  const peer = new AgreedPeer(
    {
      ...deps,
      send: (text) => socket.send(text),
      isOpen: () => socket.readyState === WebSocket.OPEN,
      changed: () => last && attachments.touch(socket, { facts, kept: last, peer: peer.kept }),
    },
    found?.peer,
  )
  return new WorkerTransport(socket, facts.agreed === 'parlor.v1.batch', peer, {
    keep: (kept) => {
      last = kept
      attachments.write(socket, { facts, kept, peer: peer.kept })
    },
    forget,
    seen: (upTo) => peer.seen(upTo),
    heard: () => peer.heard(),
    heardAt: () => peer.heardAt(),
  })
}
