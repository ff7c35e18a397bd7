import { describe, expect, test } from 'vitest'
import { closeOf, OPCODE } from './frames.ts'
import { bearer, dial, freshRoom, type Ground, member, own, peer, raw } from './ground.ts'

const DRAIN = { PARLOR_DRAIN_WINDOW: '5s' }
const GOING_AWAY = { code: 4000, reason: 'going_away' }

export function drain({ fixture }: Ground): void {
  describe.runIf(fixture.can.drains)('drain', () => {
    test.each(['SIGTERM', 'SIGINT'] as const)(
      '[DRAIN-1] %s drains, flushes, closes with 4000 and exits 0',
      async (signal) => {
        const server = await own(fixture, DRAIN)
        const room = freshRoom()
        const members = await Promise.all(
          Array.from({ length: 8 }, (_, at) => member(server, room, { user: `user-${at}` })),
        )
        const plain = await Promise.all(['/echo', '/chat'].map((path) => peer(server, { path })))
        const [ann] = members
        if (!ann) throw new Error('unreachable: eight members')
        await Promise.all(Array.from({ length: 200 }, (_, at) => ann.say(room, `${at}`)))
        const asked = Date.now()
        server.signal(signal)
        const waits: number[] = []
        for (const one of members) {
          waits.push((await one.next('drain')).reconnectAfter)
          expect(await one.closed()).toEqual(GOING_AWAY)
          const offsets = one.pending().flatMap((frame) => (frame.type === 'chat' ? [frame.offset] : []))
          expect(offsets).toEqual(Array.from({ length: 200 }, (_, at) => at + 1))
        }
        for (const one of plain) expect(await one.closed()).toEqual(GOING_AWAY)
        expect(await server.exited()).toEqual({ code: 0, signal: null })
        expect(Date.now() - asked).toBeLessThan(10_000)
        // Spread: eight equal ones by chance would be a wonder.
        expect(new Set(waits).size).toBeGreaterThan(1)
        for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(0)
      },
    )

    test('[DRAIN-1] a server without connections exits at once', async () => {
      const server = await own(fixture, DRAIN)
      server.signal('SIGTERM')
      expect(await server.exited(5_000)).toEqual({ code: 0, signal: null })
    })

    test('[DRAIN-1] it accepts no more, and peers that do nothing do not hold it', async () => {
      const server = await own(fixture, DRAIN)
      const stalled = await dial(server, '/echo')
      stalled.pause()
      await dial(server, '/ws')
      const half = await raw(server)
      await half.push('GET /ws HTTP/1.1\r\nHost: half')
      const ann = await peer(server)
      server.signal('SIGTERM')
      expect(await ann.closed()).toEqual(GOING_AWAY)
      const late = await dial(server, '/ws').catch((error: unknown) => String(error))
      if (typeof late !== 'string') {
        // Let in on the last moment: then sent away like the others.
        for (;;) {
          const next = await late.frame()
          if (next.opcode !== OPCODE.close) continue
          expect(closeOf(next)).toEqual(GOING_AWAY)
          break
        }
      }
      expect(await server.exited(12_000)).toEqual({ code: 0, signal: null })
    })

    test('[DRAIN-1] a second signal within the first second changes nothing, one later ends it at once', async () => {
      const server = await own(fixture, DRAIN)
      // Asks for much, reads nothing and answers no close: the server has to wait for it.
      const stalled = await raw(server)
      await stalled.upgrade({ path: '/echo', headers: await bearer() })
      stalled.pause()
      const ann = await member(server, freshRoom())
      const first = Date.now()
      server.signal('SIGTERM')
      server.signal('SIGINT')
      await ann.next('drain')
      expect(await ann.closed()).toEqual(GOING_AWAY)
      // The rule is about time, so the test has to let some pass.
      await new Promise((resolve) => setTimeout(resolve, 1_200 - (Date.now() - first)))
      const second = Date.now()
      server.signal('SIGTERM')
      await server.exited()
      expect(Date.now() - second).toBeLessThan(2_000)
    })
  })
}
