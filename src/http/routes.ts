import type { Connection } from '../core/connection.ts'
import type { Identity } from '../core/hooks.ts'
import type { Hub } from '../core/hub.ts'
import type { Kept } from '../core/kept.ts'
import type { Transport } from '../core/transport.ts'
import type { Authenticator } from './auth.ts'

/** What the address of a handshake asks for. */
export interface Asked {
  readonly room?: string
  readonly session?: string
}

/** What a socket route speaks. */
export interface Route {
  readonly name: string
  /** It speaks the JSON protocol: its peers may agree to a subprotocol. */
  readonly speaksProtocol: boolean
  /** Makes a connection of a socket that has opened. `kept`: of one that goes on. */
  open(
    hub: Hub,
    transport: Transport,
    identity: Identity,
    asked: Asked,
    authenticate: Authenticator,
    kept?: Kept,
  ): Connection
}

export const echoRoute: Route = {
  name: 'echo',
  speaksProtocol: false,
  open: (hub, transport, identity, _asked, _authenticate, kept) => hub.openEcho(transport, identity, kept),
}

export const chatRoute: Route = {
  name: 'chat',
  speaksProtocol: false,
  open: (hub, transport, identity, _asked, _authenticate, kept) => hub.openPlainChat(transport, identity, kept),
}

export const jsonRoute: Route = {
  name: 'ws',
  speaksProtocol: true,
  open: (hub, transport, identity, asked, { renew }, kept) =>
    hub.openJson(transport, identity, { authenticate: renew, ...asked }, kept),
}
