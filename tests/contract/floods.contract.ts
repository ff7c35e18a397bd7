import { describe, expect, test } from 'vitest'
import { closeOf, frame, OPCODE } from './frames.ts'
import { dial, type Ground, healthy, member, residentMemory, shared } from './ground.ts'
import type { RawSocket } from './raw-socket.ts'

const MIB = 1 << 20
const OFFERED = 64 * MIB
/** Above what a runtime's own heap does in a busy minute, far below what these peers ask for. */
const MEMORY = 96 * MIB
/** workerd collects little before the heap of an isolate has 128 MiB. */
const MEMORY_OF_ISOLATE = 160 * MIB

const json = (value: object): Buffer => frame(JSON.stringify(value))
const ref = 'r'.repeat(64)
const publish = { type: 'chat', room: 'flooded', content: 'x'.repeat(8_000) }

/**
 * With `many` the replies are more than the system's buffers take, and on Node the input must stall;
 * with `protocol` it is the runtime that answers, and it may cut the connection.
 */
const FLOODS: readonly (readonly [string, string, Buffer, 'many' | 'few' | 'protocol'])[] = [
  ['echoes', '/echo', frame('x'.repeat(16_000)), 'many'],
  ['pongs', '/ws', json({ type: 'ping', ref }), 'many'],
  ['errors', '/ws', json({ type: 'leave', room: 'x'.repeat(1000), ref }), 'many'],
  ['acks and publications', '/ws', json({ ...publish, ref }), 'few'],
  ['publications', '/ws', json(publish), 'few'],
  ['chat texts', '/chat', frame('x'.repeat(8_000)), 'few'],
  ['pongs of WebSocket', '/ws', frame('p'.repeat(125), { opcode: OPCODE.ping }), 'protocol'],
  ['pongs of WebSocket on echo', '/echo', frame('p'.repeat(125), { opcode: OPCODE.ping }), 'protocol'],
]

const ENDLESS: readonly (readonly [string, Buffer])[] = [
  ['fragments', frame('x'.repeat(16_000), { opcode: OPCODE.continuation, fin: false })],
  ['small fragments', frame('x', { opcode: OPCODE.continuation, fin: false })],
]

export function floods({ fixture }: Ground): void {
  describe('floods', () => {
    const served = shared(fixture)
    const most = (fixture.runtime === 'worker' ? MEMORY_OF_ISOLATE : MEMORY) / MIB

    async function memoryOf(flood: () => Promise<void>): Promise<number> {
      const other = await member(served(), 'elsewhere')
      for (let at = 0; at < 200; at++) await other.say('elsewhere', 'warm')
      const before = residentMemory(served().pid)
      await flood()
      for (let at = 0; at < 20; at++) {
        const asked = Date.now()
        await other.pong()
        await other.say('elsewhere', 'still here')
        expect(Date.now() - asked).toBeLessThan(fixture.can.dropsInput ? 2_000 : 20_000)
      }
      return (residentMemory(served().pid) - before) / MIB
    }

    test.each(FLOODS)('[CONN-2] [WS-15] asking for %s without reading costs little', async (_, path, one, replies) => {
      const socket = await dial(served(), path)
      let state = 'open'
      const cost = await memoryOf(async () => {
        socket.pause()
        if (path === '/ws') socket.write(json({ type: 'join', room: 'flooded' }))
        const chunk = repeated(one)
        state = (await socket.flood(chunk, OFFERED / chunk.length)).state
      })
      expect(cost).toBeLessThan(most)
      if (fixture.can.pausesReading && replies === 'many') expect(state).toBe('stalled')
      await expectBounded(socket, state, path, fixture.can.pausesReading && replies !== 'protocol')
      expect(await healthy(served())).toBe(true)
    })

    test.runIf(fixture.can.boundsFragments).each(ENDLESS)(
      '[CONN-2] a text of endless %s costs little',
      async (_, one) => {
        const socket = await dial(served(), '/echo')
        const cost = await memoryOf(async () => {
          const chunk = repeated(one)
          socket.write(frame('x', { fin: false }))
          await socket.flood(chunk, OFFERED / chunk.length)
          const end = await socket.close()
          // The runtime's own limit of fragments may come first.
          if (end !== 'cut') expect([1008, 1009]).toContain(end.code)
        })
        expect(cost).toBeLessThan(most)
        expect(await healthy(served())).toBe(true)
      },
    )

    test('[WS-4] a flood of bad frames is cut', async () => {
      const socket = await dial(served(), '/ws')
      const cost = await memoryOf(async () => {
        socket.pause()
        const chunk = repeated(frame('bad'))
        // What is not dropped is an event each, of a million: a quarter of that is a flood as well.
        await socket.flood(chunk, OFFERED / (fixture.can.dropsInput ? 8 : 32) / chunk.length)
        socket.resume()
        const end = await socket.close()
        if (end !== 'cut') expect(end).toEqual({ code: 4500, reason: 'bad_frames' })
      })
      expect(cost).toBeLessThan(most)
    })
  })
}

/** Small frames many at a time, so that the peer can keep up with itself. */
function repeated(one: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: Math.ceil(16_000 / one.length) }, () => one))
}

/** A peer that asked for more than it reads was held back, or closed for it, or all fitted into the system's buffers. */
async function expectBounded(socket: RawSocket, state: string, path: string, held: boolean): Promise<void> {
  if (state === 'stalled' && held) return
  socket.resume()
  if (state !== 'over') socket.write(frame('alive', { opcode: OPCODE.ping }))
  for (;;) {
    const next = await socket.frameOrEnd()
    if (next === 'end') {
      expect(held).toBe(false)
      return
    }
    if (next.opcode === OPCODE.pong) return
    if (next.opcode !== OPCODE.close) continue
    const { code } = closeOf(next)
    // On /chat falling off the log ends it too.
    if (path === '/chat' && code === 4004) return
    expect([code, held]).toEqual([4003, false])
    return
  }
}
