import { describe, expect, test } from 'vitest'
import { closeFrame, type FrameOptions, frame, OPCODE } from './frames.ts'
import { dial, type Ground, healthy, shared } from './ground.ts'
import type { RawSocket } from './raw-socket.ts'

const { continuation, text, binary, close, ping, pong } = OPCODE

const wrong = (...frames: readonly Buffer[]): Buffer => Buffer.concat(frames)
const of = (options: FrameOptions, payload: string | Uint8Array = 'x'): Buffer => frame(payload, options)
const BAD_TEXT = Uint8Array.of(0x61, 0xc3, 0x28)

const PROTOCOL_ERRORS: readonly (readonly [string, Buffer])[] = [
  ['reserved bit 1', of({ rsv: 4 })],
  ['reserved bit 2', of({ rsv: 2 })],
  ['reserved bit 3', of({ rsv: 1 })],
  ['reserved opcode 3', of({ opcode: 3 })],
  ['reserved opcode 7', of({ opcode: 7 })],
  ['reserved opcode 11', of({ opcode: 11 })],
  ['reserved opcode 15', of({ opcode: 15 })],
  ['a fragmented ping', of({ opcode: ping, fin: false })],
  ['a fragmented close', of({ opcode: close, fin: false }, Uint8Array.of(3, 0xe8))],
  ['a continuation of nothing', of({ opcode: continuation })],
  ['a text within a text', wrong(of({ fin: false }), of({ opcode: text }))],
  ['a binary within a text', wrong(of({ fin: false }), of({ opcode: binary }))],
]

const LARGE_CONTROLS: readonly (readonly [string, Buffer])[] = [
  ['a pong of 126 bytes', of({ opcode: pong }, 'x'.repeat(126))],
  ['a pong of 70,000 bytes', of({ opcode: pong }, 'x'.repeat(70_000))],
  ['a close of 126 bytes', closeFrame(1000, 'x'.repeat(124))],
]

const LARGE_PINGS: readonly (readonly [string, Buffer])[] = [
  ['a ping of 126 bytes', of({ opcode: ping }, 'x'.repeat(126))],
]

const BAD_CLOSES: readonly (readonly [string, Buffer])[] = [
  ['one byte', of({ opcode: close }, Uint8Array.of(3))],
  ['code 0', closeFrame(0)],
  ['code 999', closeFrame(999)],
  ['code 1004', closeFrame(1004)],
  ['code 1005', closeFrame(1005)],
  ['code 1006', closeFrame(1006)],
  ['code 1015', closeFrame(1015)],
  ['code 2999', closeFrame(2999)],
  ['code 5000', closeFrame(5000)],
  ['code 65535', closeFrame(65_535)],
  ['a reason that is not UTF-8', of({ opcode: close }, Uint8Array.of(3, 0xe8, ...BAD_TEXT))],
]

const BAD_TEXTS: readonly (readonly [string, Buffer])[] = [
  ['a text', of({}, BAD_TEXT)],
  ['a lone surrogate', of({}, Uint8Array.of(0xed, 0xa0, 0x80))],
  ['an overlong form', of({}, Uint8Array.of(0xc0, 0xaf))],
  ['a cut character at the end', of({}, Uint8Array.of(0x61, 0xe4, 0xb8))],
  [
    'a character that goes wrong in the next fragment',
    wrong(of({ fin: false }, Uint8Array.of(0x61, 0xc3)), of({ opcode: continuation }, Uint8Array.of(0x28))),
  ],
]

export function framing({ fixture }: Ground): void {
  describe('broken framing', () => {
    const served = shared(fixture)
    /** A socket that has spoken, where the runtime would not end it otherwise. */
    async function opened(path: '/echo' | '/chat' | '/ws'): Promise<RawSocket> {
      const socket = await dial(served(), path)
      if (fixture.can.endsUnspoken) return socket
      socket.text('{"type":"ping","ref":"first"}')
      while (!(await socket.nextText()).includes('"first"'));
      return socket
    }
    const { refusesLargeControls, refusesLargePings } = fixture.can
    const errors = [
      ...PROTOCOL_ERRORS,
      ...(refusesLargePings ? LARGE_PINGS : []),
      ...(refusesLargeControls ? LARGE_CONTROLS : []),
    ]
    test.each(errors)('[1002] %s ends the connection', async (_, bytes) => {
      for (const path of ['/echo', '/ws'] as const) {
        const socket = await opened(path)
        socket.write(bytes)
        const end = await socket.close()
        if (end !== 'cut') expect(end.code).toBe(1002)
        else expect(fixture.can.answersBadFraming).toBe(false)
        if (fixture.can.endsBroken) await socket.ended()
      }
    })

    test.runIf(fixture.can.checksUtf8).each(BAD_TEXTS)(
      '[1007] %s that is not UTF-8 ends the connection',
      async (_, bytes) => {
        for (const path of ['/echo', '/chat', '/ws'] as const) {
          const socket = await opened(path)
          socket.write(bytes)
          const end = await socket.close()
          if (end !== 'cut') expect(end.code).toBe(1007)
          else expect(fixture.can.answersBadFraming).toBe(false)
          if (fixture.can.endsBroken) await socket.ended()
        }
      },
    )

    // Runtimes differ in which of 1002 and 1007 they take for what; none of these may hang.
    test.each(BAD_CLOSES)('[1002] a close frame with %s ends the connection', async (_, bytes) => {
      const socket = await opened('/ws')
      socket.write(bytes)
      const end = await socket.close()
      if (end === 'cut') expect(fixture.can.answersBadFraming).toBe(false)
      else if (fixture.can.answersBadFraming) expect([1002, 1007]).toContain(end.code)
      if (fixture.can.endsBroken) await socket.ended()
    })

    test.runIf(fixture.can.refusesUnmasked)('[1002] an unmasked frame ends the connection', async () => {
      const socket = await opened('/echo')
      socket.write(frame('bare', { mask: false }))
      const end = await socket.close()
      if (end !== 'cut') expect(end.code).toBe(1002)
      if (fixture.can.endsBroken) await socket.ended()
    })

    test('[1009] a frame that claims more than it may ends the connection before it comes', async () => {
      const claims = [2 ** 21, 2 ** 32, 2 ** 48, 2 ** 53 - 1]
      for (const length of claims) {
        const socket = await opened('/ws')
        socket.write(frame('x', { length }))
        // Deno's own check waits for the payload; it must not hold what never comes, which the memory tests see.
        if (!fixture.can.answersOversize) continue
        const end = await socket.close()
        if (end !== 'cut') expect([1002, 1009]).toContain(end.code)
        if (fixture.can.endsBroken) await socket.ended()
      }
      expect(await healthy(served())).toBe(true)
    })

    test('[HTTP-5] half a frame and a half-closed or reset connection end nothing else', async () => {
      const whole = frame('x'.repeat(1000))
      for (let at = 0; at < 60; at++) {
        const socket = await dial(served(), ['/echo', '/chat', '/ws'][at % 3] ?? '/ws')
        await socket.push(whole.subarray(0, 1 + at * 10))
        if (at % 2 === 0) socket.reset()
        else {
          socket.halfClose()
          await socket.ended()
        }
      }
      expect(await healthy(served())).toBe(true)
    })

    test('[HTTP-5] a reset in the middle of being served ends nothing else', async () => {
      for (let at = 0; at < 50; at++) {
        const echo = await dial(served(), '/echo')
        const chunk = frame('x'.repeat(16_000))
        for (let more = 0; more < 20; more++) echo.write(chunk)
        if (at % 2 === 0) await echo.frame()
        echo.reset()
      }
      expect(await healthy(served())).toBe(true)
    })

    test('[HTTP-5] what follows a close frame is not looked at', async () => {
      const socket = await dial(served(), '/echo')
      socket.write(wrong(closeFrame(1000), frame('after'), of({ opcode: 15 })))
      expect((await socket.frame()).opcode).toBe(close)
      await socket.ended()
    })
  })
}
