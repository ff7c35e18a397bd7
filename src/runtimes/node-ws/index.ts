/**
 * Parlor on Node over @hono/node-ws, for apps that use it already. New apps take `parlor/node`: node-ws is deprecated by its authors,
 * and needs the guard below so that no handshake can end the process.
 */

import { EventEmitter } from 'node:events'
import { Server } from 'node:http'
import type { ServerType } from '@hono/node-server'
import { createNodeWebSocket as createUnguarded, type NodeWebSocket } from '@hono/node-ws'
import type { Hono } from 'hono'
import { eventLoop } from '../loop.ts'
import { WS_OPTIONS } from '../node/index.ts'
import { withOurOffer } from '../node/offer.ts'
import { incomingOf, nodeAddress, nodeFanOut, nodeTransport } from '../node/transport.ts'
import { answerUpgrade, guardUpgrades } from '../node/upgrade-guard.ts'
import type { ParlorOptions } from '../options.ts'
import { createParlor as createParlorOn, type Parlor } from '../parlor.ts'

export * from '../exports.ts'
export { sqliteAdapter } from '../node/sqlite.ts'

/**
 * In place of node-ws's own function, for the whole app: the same result, with bounded frames, our subprotocols, the bodies of refused
 * upgrades, and a guard on the server's `upgrade` event. `injectWebSocket` is to be called once, after all other listeners of `upgrade`.
 */
export function createNodeWebSocket({ app }: { readonly app: Hono }): NodeWebSocket {
  const unguarded: { current?: NodeWebSocket } = {}
  const request: Hono['request'] = async (input, init, env, context) => {
    const response = await app.request(input, init, env, context)
    const incoming = incomingOf(env)
    if (incoming && response.status >= 300) await answerUpgrade(incoming.socket, response.clone())
    // A peer that is gone by now never becomes a WebSocket: node-ws would wait for it for ever.
    if (incoming?.socket.destroyed)
      setImmediate(() => {
        const dead = new DeadSocket()
        unguarded.current?.wss.emit('connection', dead, incoming)
        // Who was told that it opened is told that it is closed.
        setImmediate(() => dead.emit('close', 1006, Buffer.alloc(0)))
      })
    return response
  }
  const nodeWs = createUnguarded({ app: Object.assign(Object.create(app), { request }) })
  unguarded.current = nodeWs
  const { wss } = nodeWs
  const { maxPayload, closeTimeout, handleProtocols } = WS_OPTIONS
  Object.assign(wss.options, { maxPayload, closeTimeout, handleProtocols })
  return {
    ...nodeWs,
    injectWebSocket: (server: ServerType) => {
      if (!(server instanceof Server)) throw new TypeError('an HTTP/1.1 server is needed')
      nodeWs.injectWebSocket(server)
      guardUpgrades(server)
    },
  }
}

/** What node-ws is given for a peer that went away in mid-handshake. */
class DeadSocket extends EventEmitter {
  readonly protocol = ''
  readonly readyState = 3
  send(): void {}
  close(): void {}
  terminate(): void {}
}

/** Live rooms as routes for a Hono app whose sockets are `nodeWs`, made by `createNodeWebSocket` of this module. */
export function createParlor(nodeWs: Pick<NodeWebSocket, 'upgradeWebSocket'>, options: ParlorOptions): Parlor {
  const { upgradeWebSocket } = nodeWs
  // Plain JavaScript can leave it out.
  if (typeof upgradeWebSocket !== 'function') {
    throw new TypeError('createParlor of parlor/node-ws takes what createNodeWebSocket answers, and then options')
  }
  return createParlorOn(
    {
      upgradeWebSocket: withOurOffer(upgradeWebSocket),
      transport: (ws, c, wish) => nodeTransport(ws.raw, c, wish),
      address: nodeAddress,
      loop: eventLoop,
      fanOut: nodeFanOut,
    },
    options,
  )
}
