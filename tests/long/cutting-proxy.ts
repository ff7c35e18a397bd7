/** A network between clients and a server which can be cut, and can lose what it was given. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

interface Wire {
  readonly client: Socket
  readonly server: Socket
}

export class CuttingProxy {
  readonly #server: Server
  readonly #wires = new Set<Wire>()
  readonly #deaf = new Set<Wire>()
  #target: number
  /** Bytes that still reach clients before everything is cut. */
  #left = Number.POSITIVE_INFINITY
  #onCut: (() => void) | undefined
  #connections = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#accept(client))
  }

  static async open(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target)
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /** How many connections were made. */
  get connections(): number {
    return this.#connections
  }

  /** Connections lead to this port from now on. */
  lead(target: number): void {
    this.#target = target
  }

  /** Resets all connections. */
  cut(): void {
    this.#left = Number.POSITIVE_INFINITY
    for (const { client, server } of this.#wires) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Cuts when `bytes` more have reached clients, in the midst of a frame as it comes. */
  cutAfter(bytes: number): Promise<void> {
    this.#left = bytes
    return new Promise((resolve) => {
      this.#onCut = resolve
    })
  }

  /** Loses what the server sends on the connections there are. What clients send arrives. */
  deafen(): void {
    for (const wire of this.#wires) this.#deaf.add(wire)
  }

  /** Leaves what the server sends unread. */
  pause(): void {
    for (const { server } of this.#wires) server.pause()
  }

  resume(): void {
    for (const { server } of this.#wires) server.resume()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #accept(client: Socket): void {
    this.#connections++
    const wire: Wire = { client, server: connect(this.#target, '127.0.0.1') }
    this.#wires.add(wire)
    this.#pass(wire, client, wire.server)
    this.#pass(wire, wire.server, client)
  }

  #pass(wire: Wire, from: Socket, to: Socket): void {
    from.setNoDelay(true)
    from.on('data', (bytes) => (from === wire.client ? void to.write(bytes) : this.#deliver(wire, bytes)))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      to.destroySoon()
      this.#wires.delete(wire)
      this.#deaf.delete(wire)
    })
  }

  #deliver(wire: Wire, bytes: Buffer): void {
    if (this.#deaf.has(wire)) return
    const passed = bytes.subarray(0, this.#left)
    this.#left -= passed.length
    wire.client.write(passed, () => {
      if (this.#left > 0) return
      this.cut()
      this.#onCut?.()
    })
  }
}
