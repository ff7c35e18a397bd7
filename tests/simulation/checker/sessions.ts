import type { Fact } from '../facts.ts'
import type { Complain } from './violation.ts'

interface Conn {
  readonly hub: string
  readonly user: string
  readonly replaces: number | undefined
  isOver: boolean
}

/** A connection that takes another one's place: that one is over before the new one is welcomed. */
export class SessionRule {
  readonly #complain: Complain
  readonly #conns = new Map<number, Conn>()
  readonly #bySession = new Map<string, number>()

  constructor(complain: Complain) {
    this.#complain = complain
  }

  see(fact: Fact): void {
    if (fact.what === 'opened') {
      const { hub, user, session } = fact
      const replaces = session === undefined ? undefined : this.#bySession.get(session)
      this.#conns.set(fact.conn, { hub, user, replaces, isOver: false })
    } else if (fact.what === 'ended') {
      const conn = this.#conns.get(fact.conn)
      if (conn) conn.isOver = true
    } else if (fact.what === 'sent' && fact.frame.type === 'welcome') {
      this.#bySession.set(fact.frame.session, fact.conn)
      this.#check(fact.conn)
    }
  }

  #check(number: number): void {
    const conn = this.#conns.get(number)
    const old = conn?.replaces === undefined ? undefined : this.#conns.get(conn.replaces)
    if (!conn || !old || old.isOver || old.hub !== conn.hub || old.user !== conn.user) return
    this.#complain('WS-18', `connection ${number} takes the place of ${conn.replaces}, which lives on`)
  }
}
