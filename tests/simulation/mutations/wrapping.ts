import type { Batch } from '../../../src/core/batch.ts'
import type { BroadcastAdapter } from '../../../src/core/broadcast-adapter.ts'
import type { Transport } from '../../../src/core/transport.ts'

/** An adapter that does what `adapter` does, but for `changes`. */
export function adapterWith(adapter: BroadcastAdapter, changes: Partial<BroadcastAdapter>): BroadcastAdapter {
  return {
    start: (events) => adapter.start(events),
    subscribe: (room) => adapter.subscribe(room),
    unsubscribe: (room) => adapter.unsubscribe(room),
    publish: (room, draft) => adapter.publish(room, draft),
    history: (room, start, limit) => adapter.history(room, start, limit),
    probe: () => adapter.probe(),
    close: () => adapter.close(),
    ...changes,
  }
}

/** A transport that sends, for every text, what `change` makes of it. */
export function transportWith(transport: Transport, change: (text: string) => readonly string[]): Transport {
  const { ping, pause, resume } = transport
  const send = (text: string): void => {
    for (const changed of change(text)) transport.send(changed)
  }
  return {
    send,
    sendBatch: (batch: Batch) => {
      for (const text of batch.texts) send(text)
    },
    buffered: () => transport.buffered(),
    whenDrained: (task) => transport.whenDrained(task),
    ...(ping ? { ping } : {}),
    ...(pause ? { pause } : {}),
    ...(resume ? { resume } : {}),
    close: (code, reason) => transport.close(code, reason),
    terminate: () => transport.terminate(),
  }
}

/** Calls `change` for every `nth` text that `concerns` is true of; the others pass as they are. */
export function everyNth(
  nth: number,
  concerns: (text: string) => boolean,
  change: (text: string) => readonly string[],
): (text: string) => readonly string[] {
  let count = 0
  return (text) => (concerns(text) && ++count % nth === 0 ? change(text) : [text])
}

export const isPublication = (text: string): boolean => /^\{"type":"(?:chat|event)",.*"offset":/.test(text)
