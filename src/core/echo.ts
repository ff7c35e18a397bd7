import type { Connection, Protocol } from './connection.ts'
import type { KeptByProtocol } from './kept.ts'

/** Text back as it came (SPEC.md section 5). */
export class Echo implements Protocol {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  text(text: string): void {
    this.#connection.outbox.reply(text)
  }

  urgent(): boolean {
    return false
  }

  binary(): void {}
  expiring(): void {}
  draining(): void {}
  ended(): void {}

  kept(): KeptByProtocol {
    return { rooms: [] }
  }
}
