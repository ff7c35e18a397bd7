import type { Fact } from '../facts.ts'
import type { Complain } from './violation.ts'

export interface MemoryBounds {
  /** Replies that may wait for one socket, and the server's own words beside them. */
  readonly replies: number
  /** Bytes in a socket's buffer, as the hub counts them. */
  readonly buffered: number
  /** Requests of one connection that are under way or held. */
  readonly requests: number
}

/** What a connection may cost, whatever its peer does; and nothing goes wrong inside. */
export class Memory {
  readonly #bounds: MemoryBounds
  readonly #complain: Complain

  constructor(bounds: MemoryBounds, complain: Complain) {
    this.#bounds = bounds
    this.#complain = complain
  }

  see(fact: Fact): void {
    if (fact.what === 'logged' && fact.level === 'error') this.#complain('HTTP-5', `${fact.hub}: ${fact.message}`)
    if (fact.what !== 'held') return
    const { replies, buffered, requests } = this.#bounds
    const said = `connection ${fact.conn} held`
    if (fact.replies > replies) this.#complain('CONN-2', `${said} ${fact.replies} replies`)
    if (fact.buffered > buffered) this.#complain('CONN-2', `${said} ${fact.buffered} bytes of ${buffered}`)
    if (fact.requests > requests) this.#complain('WS-15', `${said} ${fact.requests} requests`)
  }
}
