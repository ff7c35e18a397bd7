import { chain, type Eventually } from './eventually.ts'
import type { Outbox } from './outbox.ts'

/**
 * Replies with pages of logs. One at most waits for the socket, however many rooms the peer asked for them in: a page that finds the socket
 * full is let go of, and read again when those before it have left.
 */
export class PageReplies {
  readonly #outbox: Outbox
  /** Settles with the last of those that wait for their turn. */
  #line: Promise<void> | undefined

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** Sends what `read` answers. Fails as that does. */
  send(read: () => Eventually<string>): Eventually<void> {
    if (!this.#outbox.takesReply) return this.#inTurn(read)
    return chain(read(), (text) => (this.#outbox.takesReply ? this.#outbox.reply(text) : this.#inTurn(read)))
  }

  #inTurn(read: () => Eventually<string>): Promise<void> {
    const sent = this.#after(this.#line, read)
    this.#line = sent.catch(() => {})
    return sent
  }

  async #after(before: Promise<void> | undefined, read: () => Eventually<string>): Promise<void> {
    await before
    await this.#outbox.flushed()
    this.#outbox.reply(await read())
  }
}
