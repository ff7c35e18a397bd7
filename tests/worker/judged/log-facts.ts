import type { StreamPosition } from '../../../src/core/protocol.ts'
import type { Served } from '../../contract/fixtures.ts'
import { expectType, Peer } from '../../contract/peer.ts'
import type { Fact } from '../../simulation/facts.ts'

/** What a room's log holds when all is over, as facts before all others: it forgets nothing in a run. `began`: ms since 1970 of time 0. */
export async function logFacts(served: Served, room: string, branch: number, began: number): Promise<Fact[]> {
  const peer = await Peer.open(served, { user: 'historian' })
  try {
    const { position } = await peer.join(room)
    const facts: Fact[] = [{ at: 0, what: 'began', room, branch, epoch: position.epoch }]
    let after: StreamPosition = { epoch: position.epoch, offset: 0 }
    for (;;) {
      const page = expectType(await peer.ask({ type: 'history', room, after, limit: 1000 }), 'history')
      if (!page.intact) throw new Error(`the log of ${room} does not begin at ${after.offset}`)
      for (const frame of page.publications) {
        const { offset, id, time, from, clientId } = frame
        if (offset === undefined) throw new Error(`a transient message in the log of ${room}`)
        const content = frame.type === 'chat' ? frame.content : JSON.stringify([frame.name, frame.data])
        facts.push({ at: time - began, what: 'appended', room, branch, offset, id, user: from.id, clientId, content })
        after = { epoch: position.epoch, offset, id }
      }
      if (!page.more) return facts
    }
  } finally {
    peer.terminate()
  }
}
