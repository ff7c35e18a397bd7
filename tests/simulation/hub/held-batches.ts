import type { Batch } from '../../../src/core/batch.ts'
import type { FanOut } from '../../../src/core/fan-out.ts'
import type { Transport } from '../../../src/core/transport.ts'

/** A runtime that writes the batches of a round when it has them all. */
export class HeldBatches implements FanOut {
  #isOpen = false
  readonly #held = new Map<Transport, Batch>()

  begin(): void {
    this.#isOpen = true
  }

  end(): number {
    this.#isOpen = false
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

  close(): void {}

  /** A socket whose batches are held. `misused`: told of what is asked of it while one is. */
  socket(real: Transport, misused: (what: string) => void): Transport {
    const held = this.#held
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
        if (this.#isOpen) held.set(real, batch)
        else real.sendBatch(batch)
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
