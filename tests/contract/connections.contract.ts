import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { type Closed, closeOf, frame, OPCODE } from './frames.ts'
import { dial, freshRoom, type Ground, member, own, parseFrameText, peer } from './ground.ts'
import type { RawSocket } from './raw-socket.ts'

export function connections({ fixture, served }: Ground): void {
  describe('connections', () => {
    const stalls = 'a stalled member gets the exact gap, then goes on; the others lose nothing'
    const offers = fixture.can.seesStalls ? ['', 'parlor.v1'] : ['parlor.v1']
    test.each(offers)(`[ROOM-5] [CONN-4] [WS-19] ${stalls} (%s)`, async (offer) => {
      const small = await own(fixture, { PARLOR_HISTORY_SIZE: '10' })
      const room = freshRoom()
      const stalled = await dial(small, '/ws', offer === '' ? {} : { 'Sec-WebSocket-Protocol': offer })
      stalled.text(JSON.stringify({ type: 'join', room }))
      while (parseFrameText(await stalled.nextText()).type !== 'joined');
      stalled.pause()
      const ann = await member(small, room)
      const bob = await member(small, room, { user: 'bob' })
      const total = 400
      for (let at = 1; at <= total; at++) {
        await ann.say(room, 'x'.repeat(60_000))
        expect((await ann.next('chat')).offset).toBe(at)
        expect((await bob.next('chat')).offset).toBe(at)
      }
      expect([...ann.pending(), ...bob.pending()]).toEqual([])

      stalled.resume()
      expect(await gapsUpTo(stalled, room, total)).toBeGreaterThan(0)
      await ann.say(room, 'live again')
      expect(await nextAnswered(stalled)).toMatchObject({ content: 'live again', offset: total + 1 })
    })

    test('[CONN-1] the server pushes while a frame of the client is half sent', async () => {
      const room = freshRoom()
      const socket = await dial(served(), '/ws')
      socket.text(JSON.stringify({ type: 'join', room }))
      while (parseFrameText(await socket.nextText()).type !== 'joined');
      const bytes = frame(JSON.stringify({ type: 'ping', ref: 'whole' }))
      await socket.push(bytes.subarray(0, 9))
      const ann = await member(served(), room)
      await ann.say(room, 'meanwhile')
      expect(parseFrameText(await socket.nextText())).toMatchObject({ content: 'meanwhile' })
      socket.write(bytes.subarray(9))
      expect(parseFrameText(await socket.nextText())).toEqual({ type: 'pong', ref: 'whole' })
    })

    const beat = 'a silent peer is pinged and dropped, a peer that answers or sends lives'
    test.runIf(fixture.can.pings)(`[BEAT-1] [BEAT-2] ${beat}`, async () => {
      const fast = await own(fixture, { PARLOR_HEARTBEAT_INTERVAL: '1s', PARLOR_HEARTBEAT_GRACE: '1s' })
      const answering = await peer(fast)
      expect((await answering.next('welcome')).heartbeat).toBe(1000)
      const sending = await dial(fast, '/ws')
      const timer = setInterval(() => sending.text('{"type":"ping"}'), 250)
      onTestFinished(() => clearInterval(timer))
      await Promise.all(
        ['/ws', '/echo', '/chat'].map(async (path) => {
          const silent = await dial(fast, path)
          const start = Date.now()
          const { pings, close } = await countPings(silent)
          expect(pings).toBeGreaterThan(0)
          if (close !== undefined) expect(close.code).toBe(fixture.can.ownHeartbeat ? 4001 : 1001)
          expect(Date.now() - start).toBeGreaterThan(900)
          await silent.ended()
        }),
      )
      await answering.pong()
      sending.text('{"type":"ping","ref":"end"}')
      while (!(await sending.nextText()).includes('"end"'));
    })
  })
}

/** Pings until the close frame, or until the connection is cut. */
async function countPings(silent: RawSocket): Promise<{ readonly pings: number; readonly close: Closed | undefined }> {
  for (let pings = 0; ; ) {
    const next = await silent.frameOrEnd()
    if (next === 'end') return { pings, close: undefined }
    if (next.opcode === OPCODE.close) return { pings, close: closeOf(next) }
    if (next.opcode === OPCODE.ping) pings++
  }
}

/** Reads publications and exact gaps, of which there were so many, until this offset is reached. */
async function gapsUpTo(socket: RawSocket, room: string, total: number): Promise<number> {
  let last = 0
  let gaps = 0
  while (last < total) {
    const next = await nextAnswered(socket)
    if (next.type === 'gap') {
      gaps++
      expect(next).toEqual({ type: 'gap', room, from: last + 1, to: next.to, missed: next.to - last })
      expect(next.missed).toBeGreaterThan(0)
      last = next.to
    } else {
      expect(next).toMatchObject({ type: 'chat', offset: last + 1 })
      last++
    }
  }
  return gaps
}

/** The next frame but those that ask how far the peer has read, which are answered. */
async function nextAnswered(socket: RawSocket): Promise<ServerFrame> {
  for (;;) {
    const text = await socket.nextText()
    const next = parseFrameText(text)
    if (next.type !== 'seen') return next
    socket.text(text)
  }
}
