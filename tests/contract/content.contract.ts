import { describe, expect, test } from 'vitest'
import type { Fixture } from './fixtures.ts'
import { closeOf, frame, OPCODE } from './frames.ts'
import { dial, freshRoom, type Ground, healthy, member, own, parseFrameText, peer, SOCKET_ROUTES } from './ground.ts'
import type { Peer } from './peer.ts'
import type { RawSocket } from './raw-socket.ts'

const KIB = 1024
const MIB = 1 << 20

/** A chat frame of exactly so many bytes of UTF-8, of characters of `width` bytes where they fit. */
function chatOf(room: string, bytes: number, width: 1 | 2 | 3): string {
  const [head, tail] = [`{"type":"chat","room":"${room}","content":"`, '"}']
  const rest = bytes - Buffer.byteLength(head) - tail.length
  const character = { 1: 'x', 2: 'é', 3: '世' }[width]
  return `${head}${character.repeat(Math.floor(rest / width))}${'x'.repeat(rest % width)}${tail}`
}

/** Nothing comes but the close. On /ws the welcome came before. */
async function expectTooLarge(socket: RawSocket, { can }: Fixture): Promise<void> {
  for (;;) {
    const next = await socket.frameOrEnd()
    if (next === 'end') return expect(can.answersOversize).toBe(false)
    if (next.opcode === OPCODE.close) return expect(closeOf(next).code).toBe(1009)
    expect(next.payload.toString()).toContain('"welcome"')
  }
}

/** A runtime may keep half a pair or put U+FFFD in its place. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

async function nothingChanged(ann: Peer): Promise<void> {
  const room = freshRoom()
  await ann.join(room)
  const ack = await ann.say(room, 'as ever')
  expect(ack).toMatchObject({ duplicate: false, position: { offset: 1 } })
  expect(await ann.next('chat')).toEqual({
    type: 'chat',
    room,
    offset: 1,
    id: ack.position?.id,
    from: { id: 'ann', name: 'ANN' },
    time: expect.any(Number),
    content: 'as ever',
  })
  await ann.leave(room)
}

export function content({ fixture, served }: Ground): void {
  describe('sizes', () => {
    test.each([1, 2, 3] as const)(
      '[WS-6] 64 KiB pass, a byte more is message_too_large (%i bytes a character)',
      async (width) => {
        const room = freshRoom()
        const ann = await member(served(), room)
        for (const bytes of [64 * KIB - 1, 64 * KIB]) {
          ann.sendText(chatOf(room, bytes, width))
          expect(Buffer.byteLength((await ann.next('chat')).content)).toBeGreaterThan(bytes - 100)
        }
        for (const bytes of [64 * KIB + 1, 64 * KIB + 2, MIB - 1, MIB]) {
          ann.sendText(chatOf(room, bytes, width))
          expect(await ann.next('error')).toMatchObject({ code: 'message_too_large', retryable: false })
        }
        await ann.pong()
        expect(ann.pending()).toEqual([])
      },
    )

    test.each(SOCKET_ROUTES)('[WS-6] above 1 MiB %s is closed with 1009', async (path) => {
      const chunks = [
        [frame('x'.repeat(MIB + 1))],
        [frame('x'.repeat(MIB), { fin: false }), frame('x', { opcode: OPCODE.continuation })],
      ]
      for (const frames of chunks) {
        const socket = await dial(served(), path)
        for (const one of frames) socket.write(one)
        await expectTooLarge(socket, fixture)
      }
      expect(await healthy(served())).toBe(true)
    })

    test('[WS-6] the message limit can be set', async () => {
      const small = await own(fixture, { PARLOR_MAX_MESSAGE_SIZE: '1KiB' })
      const room = freshRoom()
      const ann = await peer(small)
      expect((await ann.next('welcome')).limits.message).toBe(KIB)
      await ann.join(room)
      ann.sendText(chatOf(room, KIB, 2))
      await ann.next('chat')
      ann.sendText(chatOf(room, KIB + 1, 2))
      expect((await ann.next('error')).code).toBe('message_too_large')
    })
  })

  describe('content', () => {
    test('[WS-3] JSON 100,000 levels deep does no harm', async () => {
      const large = await own(fixture, { PARLOR_MAX_MESSAGE_SIZE: '1MiB' })
      for (const [server, levels] of [
        [served(), 30_000],
        [served(), 100_000],
        [large, 100_000],
      ] as const) {
        const room = freshRoom()
        const bob = await member(server, room, { user: 'bob' })
        const ann = await member(server, room)
        const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`
        ann.sendText(`{"type":"event","room":"${room}","name":"deep","data":${deep},"ref":"deep"}`)
        ann.sendText(deep)
        ann.sendText(`{"type":"chat","room":"${room}","content":${deep}}`)
        ann.sendText(`{"type":"chat","room":"${room}","content":"x","more":${deep}}`)
        await ann.say(room, 'after')
        await bob.pong()
        const late = await member(server, freshRoom(), { user: 'late' })
        await late.join(room, 1000)
        await late.pong()
      }
    })

    test('[AUTH-4] __proto__ and constructor in frames pollute nothing', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const evil = '{"transient":true,"id":"evil","from":{"id":"eve"},"room":"evil","ref":"evil"}'
      for (const key of ['"__proto__"', '"constructor"', '"\\u005f_proto__"']) {
        ann.sendText(`{"type":"chat","content":"x",${key}:${evil}}`)
        ann.sendText(`{"type":"chat","content":"x","constructor":{"prototype":${evil}}}`)
        ann.sendText(`{${key}:{"type":"chat","content":"inherited"}}`)
      }
      for (let offset = 1; offset <= 6; offset++) {
        const chat = await ann.next('chat')
        expect(chat).toMatchObject({ room, content: 'x', from: { id: 'ann', name: 'ANN' }, offset })
        expect(chat.clientId).toBeUndefined()
      }
      await nothingChanged(ann)
      await nothingChanged(await peer(served()))
    })

    test('[ROOM-3] data with such keys comes back as it went', async () => {
      const room = freshRoom()
      const data =
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null,"toJSON":"x"}'
      const socket = await dial(served(), '/ws')
      socket.text(`{"type":"join","room":"${room}"}`)
      while (parseFrameText(await socket.nextText()).type !== 'joined');
      socket.text(`{"type":"event","room":"${room}","name":"n","data":${data}}`)
      expect(await socket.nextText()).toContain(`"data":${data}`)
      await nothingChanged(await peer(served()))
    })

    test('[WS-3] of a key that comes twice the last counts, and it is one frame', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      ann.sendText(`{"type":"ping","type":"chat","room":"x","room":"${room}","content":"a","content":"b"}`)
      expect(await ann.frame()).toMatchObject({ type: 'chat', room, content: 'b' })
    })

    test('[ROOM-3] lone surrogates do no harm', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const bob = await member(served(), room, { user: 'bob' })
      for (const half of ['\\ud800', '\\udc00', '\\udc00\\ud800', 'a\\ud83d']) {
        ann.sendText(`{"type":"chat","room":"${room}","content":"${half}"}`)
        const { content: came } = await bob.next('chat')
        expect(wellFormed(came)).toBe(wellFormed(String(JSON.parse(`"${half}"`))))
        ann.sendText(`{"type":"event","room":"${room}","name":"${half}","data":{"${half}":"${half}"}}`)
        await bob.next('event')
      }
      await ann.pong()
    })

    test('[WS-3] a room’s name with a lone surrogate does no harm', async () => {
      const ann = await peer(served())
      ann.sendText('{"type":"join","room":"a\\ud800","ref":1}')
      expect(['joined', 'error']).toContain((await ann.reply(1)).type)
      await ann.pong()
    })

    test('[HTTP-5] after a thousand hostile connections the server is as before', async () => {
      const texts = ['[', '{}', '{"type":"join","room":""}', '{"type":"auth","token":"a.b.c"}', '\u0000']
      for (let round = 0; round < 40; round++) {
        const sockets = await Promise.all(Array.from({ length: 25 }, () => dial(served(), '/ws')))
        for (const [at, socket] of sockets.entries()) {
          socket.text(texts[at % texts.length] ?? '')
          if (at % 2 === 0) socket.reset()
          else socket.destroy()
        }
      }
      await nothingChanged(await peer(served()))
      expect(await healthy(served())).toBe(true)
    })
  })
}
