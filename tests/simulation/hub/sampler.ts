import type { Logger } from '../../../src/core/logger.ts'
import type { Wire } from '../network/wire.ts'
import type { Recorder } from '../recorder.ts'

interface Most {
  replies: number
  buffered: number
  requests: number
}

/** Looks at how much memory hubs use, and tells the recorder where it is more than ever before. */
export class Sampler {
  readonly #recorder: Recorder
  readonly #most = new Map<Wire, Most>()

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  look(wires: Iterable<Wire>): void {
    for (const wire of wires) this.lookAt(wire)
  }

  lookAt(wire: Wire): void {
    const { connection } = wire
    if (!connection) return
    const most = this.#most.get(wire) ?? { replies: 0, buffered: 0, requests: 0 }
    this.#most.set(wire, most)
    most.replies = Math.max(most.replies, connection.outbox.unflushed + connection.outbox.pushes)
    most.buffered = Math.max(most.buffered, wire.peak)
    most.requests = Math.max(most.requests, connection.inbox.waiting)
  }

  /** These are gone: what was the most of each becomes a fact. */
  forget(wires: Iterable<Wire>): void {
    for (const wire of wires) {
      const most = this.#most.get(wire)
      if (!most || !this.#most.delete(wire)) continue
      this.#recorder.see({ what: 'held', conn: wire.id, ...most })
    }
  }

  logger(hub: string): Logger {
    const log =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, fields?: Record<string, unknown>): void => {
        if (level === 'debug') return
        const reason = fields?.['reason']
        const why = reason instanceof Error ? ` (${reason.message})` : ''
        this.#recorder.see({ what: 'logged', hub, level, message: `${message}${why}` })
      }
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  }
}
