import { CLOSE } from './close-codes.ts'
import type { Connection } from './connection.ts'
import type { Random } from './random.ts'

/** The secrets by which a client proves, when it connects again, that an older connection was its own. */
export class Sessions {
  readonly #random: Random
  readonly #connections = new Map<string, Connection>()

  constructor(random: Random) {
    this.#random = random
  }

  /** A new secret for this connection. */
  begin(connection: Connection): string {
    const session = this.#random.id(20)
    this.#connections.set(session, connection)
    return session
  }

  /** Goes on with a connection that had been given `session`. */
  restore(session: string, connection: Connection): void {
    this.#connections.set(session, connection)
  }

  end(session: string): void {
    this.#connections.delete(session)
  }

  /** Closes the connection that was given `session`, where it is the same user's. */
  replace(session: string, userId: string): void {
    const connection = this.#connections.get(session)
    if (connection?.identity.user.id === userId) connection.end(CLOSE.replaced)
  }
}
