import { describe, expect, test } from 'vitest'
import { closeFrame, frame, OPCODE } from './frames.ts'
import { dial, type Ground, peer } from './ground.ts'

const MIB = 1 << 20

export function echo({ fixture, served }: Ground): void {
  describe('echo', () => {
    test.each([
      ['text', 'hello'],
      ['empty text', ''],
      ['blanks and line feeds', ' \r\n\t\n '],
      ['a NUL', 'a\u0000b'],
      ['more than one byte a character', 'Grüße, 世界 👩‍👩‍👧 \u200f'],
      ['what looks like the protocol', '{"type":"ping","ref":1}'],
      ['text of 125 bytes', 'x'.repeat(125)],
      ['text of 126 bytes', 'x'.repeat(126)],
      ['text of 65,535 bytes', 'x'.repeat(65_535)],
      ['text of 65,536 bytes', 'x'.repeat(65_536)],
      ['text of 1 MiB in characters of three bytes', `x${'世'.repeat(Math.floor(MIB / 3))}`],
    ])('[ECHO-1] %s comes back as it went', async (_, text) => {
      for (const protocols of [[], ['parlor.v1.batch']]) {
        const ann = await peer(served(), { path: '/echo', protocols })
        ann.sendText(text)
        // Not toBe: a difference in a megabyte is no readable message.
        expect((await ann.text()) === text).toBe(true)
      }
    })

    test('[ECHO-1] a thousand at once come back in order', async () => {
      const ann = await peer(served(), { path: '/echo' })
      const texts = Array.from({ length: 1000 }, (_, at) => (at % 7 === 0 ? '' : `text ${at}`))
      for (const text of texts) ann.sendText(text)
      const back: string[] = []
      while (back.length < texts.length) back.push(await ann.text())
      expect(back).toEqual(texts)
    })

    test('[ECHO-1] a text in fragments with a ping between comes back as one', async () => {
      const socket = await dial(served(), '/echo')
      socket.write(frame('Gr', { fin: false }))
      socket.write(frame('between', { opcode: OPCODE.ping }))
      // Cut within a character.
      socket.write(frame(Uint8Array.of(0xc3), { opcode: OPCODE.continuation, fin: false }))
      socket.write(frame(Uint8Array.of(0xbc), { opcode: OPCODE.continuation, fin: false }))
      socket.write(frame('n', { opcode: OPCODE.continuation }))
      const pong = await socket.frame()
      expect([pong.opcode, pong.payload.toString()]).toEqual([OPCODE.pong, 'between'])
      expect(await socket.nextText()).toBe('Grün')
    })

    test('[ECHO-1] a frame that comes byte by byte comes back', async () => {
      const socket = await dial(served(), '/echo')
      for (const byte of frame('slow')) await socket.push(Uint8Array.of(byte))
      expect(await socket.nextText()).toBe('slow')
    })

    test('[ECHO-2] binary gets no echo', async () => {
      const ann = await peer(served(), { path: '/echo' })
      ann.sendBinary(new Uint8Array())
      ann.sendBinary(Buffer.from('text in binary'))
      ann.sendBinary(new Uint8Array(MIB))
      ann.sendText('text')
      expect(await ann.text()).toBe('text')
    })

    test('[ECHO-2] a ping gets a pong with its payload and no echo, a pong gets nothing', async () => {
      const socket = await dial(served(), '/echo')
      const longest = 'p'.repeat(125)
      for (const payload of ['', 'payload', longest]) {
        socket.write(frame('unasked', { opcode: OPCODE.pong }))
        socket.write(frame(payload, { opcode: OPCODE.ping }))
        const pong = await socket.frame()
        expect([pong.opcode, pong.payload.toString()]).toEqual([OPCODE.pong, payload])
      }
      socket.text('text')
      expect(await socket.nextText()).toBe('text')
    })

    test.each([
      ['1000', closeFrame(1000, 'bye')],
      ['1001', closeFrame(1001)],
      ['3000', closeFrame(3000, 'mine')],
      ['4999', closeFrame(4999)],
      ['no code', closeFrame()],
    ])('[ECHO-3] a close frame with %s is answered with a close frame, then the end', async (_, close) => {
      const socket = await dial(served(), '/echo')
      socket.write(close)
      const answer = await socket.frame()
      expect(answer.opcode).toBe(OPCODE.close)
      await socket.ended()
    })

    test('[ECHO-3] what was sent before the close still comes back', async () => {
      const socket = await dial(served(), '/echo')
      socket.write(Buffer.concat([frame('last'), closeFrame(1000)]))
      expect(await socket.nextText()).toBe('last')
      expect((await socket.frame()).opcode).toBe(OPCODE.close)
    })

    test('[ECHO-4] a peer that sends and does not read is held back, or closed with 4003', async () => {
      const socket = await dial(served(), '/echo')
      socket.pause()
      const text = 'x'.repeat(16_000)
      const { state, chunks } = await socket.flood(frame(text), 4_000)
      if (!fixture.can.pausesReading) {
        socket.resume()
        const end = await socket.close()
        if (end !== 'cut') expect(end).toEqual({ code: 4003, reason: 'overloaded' })
        return
      }
      expect(state).toBe('stalled')
      socket.resume()
      socket.text('last')
      for (let at = 0; at < chunks; at++) if ((await socket.nextText()) !== text) throw new Error(`echo ${at} differs`)
      expect(await socket.nextText()).toBe('last')
    })
  })
}
