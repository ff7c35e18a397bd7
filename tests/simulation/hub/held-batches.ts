import type { Batch } from '../../../src/core/batch.ts'
import type { FanOut } from '../../../src/core/fan-out.ts'
import type { Transport } from '../../../src/core/transport.ts'

/** Sockets from which on a room does not wait for the turn's end. */
const LARGE = 4

/** A runtime that writes the batches of a large room when it has them all, and those of small ones at the end of the turn. */
export class HeldBatches implements FanOut {
  #isOpen = false
  #isTurn = false
  #isPutOff = false
  readonly #held = new Map<Transport, Batch>()

  begin(sockets: number): void {
    this.#isOpen = true
    this.#isPutOff = this.#isTurn && sockets < LARGE
  }

  end(): number {
    this.#isOpen = false
    return this.#isPutOff ? 0 : this.#write()
  }

  beginTurn(): void {
    this.#isTurn = true
  }

  endTurn(): number {
    this.#isTurn = false
    return this.#write()
  }

  close(): void {}

  #write(): number {
    for (const [socket, batch] of this.#held) {
      try {
        socket.sendBatch(batch)
      } catch {
        // Whoever ended the socket tells the hub.
      }
    }
    this.#held.clear()
    return 0
  }

  /** A socket whose batches are held. `misused`: told of what is asked of it while one is. */
  socket(real: Transport, misused: (what: string) => void): Transport {
    const held = this.#held
    let isCorked = false
    const checked = <A extends readonly unknown[], R>(what: string, act: (...args: A) => R) => {
      return (...args: A): R => {
        if (held.has(real)) misused(what)
        return act(...args)
      }
    }
    const { ping, pause, resume } = real
    return {
      send: checked('send', (text: string) => real.send(text)),
      sendBatch: checked('sendBatch', (batch: Batch) => {
        if (this.#isOpen && !isCorked) held.set(real, batch)
        else real.sendBatch(batch)
      }),
      cork: checked('cork', () => {
        isCorked = true
      }),
      uncork: checked('uncork', () => {
        isCorked = false
      }),
      buffered: () => real.buffered(),
      whenDrained: checked('whenDrained', (task: () => void) => real.whenDrained(task)),
      ...(ping ? { ping: checked('ping', ping) } : {}),
      ...(pause ? { pause: checked('pause', pause) } : {}),
      ...(resume ? { resume: checked('resume', resume) } : {}),
      close: checked('close', (code: number, reason: string) => real.close(code, reason)),
      terminate: checked('terminate', () => real.terminate()),
    }
  }
}
