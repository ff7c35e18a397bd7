import type { Fact } from '../facts.ts'
import type { Apps } from './apps.ts'
import type { Connections } from './connections.ts'
import type { Complain } from './violation.ts'

/** What has to be so when all trouble has been over for long, and when everybody has left. */
export class Ending {
  readonly #connections: Connections
  readonly #apps: Apps
  readonly #complain: Complain
  readonly #hubOf = new Map<number, string>()
  readonly #served = new Map<string, number>()

  constructor(connections: Connections, apps: Apps, complain: Complain) {
    this.#connections = connections
    this.#apps = apps
    this.#complain = complain
  }

  see(fact: Fact): void {
    if (fact.what === 'opened') this.#hubOf.set(fact.conn, fact.hub)
    else if (fact.what === 'expected') this.#expected(fact)
    else if (fact.what === 'serving') this.#serving(fact.hub, fact.connections)
    else if (fact.what === 'left over') this.#complain('ROOM-9', `${fact.hub} still has ${fact.count} ${fact.of}`)
  }

  #expected({ client, conn, rooms, unsettled }: Extract<Fact, { what: 'expected' }>): void {
    if (conn === undefined) return this.#complain('liveness', `${client} is not connected`)
    const hub = this.#hubOf.get(conn) ?? ''
    this.#served.set(hub, (this.#served.get(hub) ?? 0) + 1)
    for (const frame of this.#connections.unanswered(conn)) {
      this.#complain('WS-7', `${client} has no answer to ${JSON.stringify(frame)}`)
    }
    for (const content of unsettled) this.#complain('ROOM-11', `${client} does not know what became of ${content}`)
    for (const room of rooms) this.#apps.checkEnd(client, room)
  }

  #serving(hub: string, connections: number): void {
    const expected = this.#served.get(hub) ?? 0
    if (connections !== expected) {
      this.#complain('BEAT-2', `${hub} has ${connections} connections, but ${expected} clients`)
    }
  }
}
