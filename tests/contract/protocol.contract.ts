import { describe, expect, test } from 'vitest'
import { dial, freshRoom, type Ground, member, own, parseFrameText, peer } from './ground.ts'
import { refOf } from './peer.ts'

export function protocol({ fixture, served }: Ground): void {
  describe('protocol', () => {
    test('[WS-1] the first frame is welcome', async () => {
      const ann = await peer(served())
      expect(await ann.frame()).toMatchObject({
        type: 'welcome',
        connection: expect.stringMatching(/./),
        user: { id: 'ann', name: 'ANN' },
        heartbeat: 30_000,
        limits: { message: 65_536, room: 128, rooms: 128, pending: 32 },
        session: expect.stringMatching(/./),
      })
    })

    test('[WS-1] connection and session are one connection’s own', async () => {
      const welcomes = [await (await peer(served())).next('welcome'), await (await peer(served())).next('welcome')]
      expect(new Set(welcomes.map(({ connection }) => connection)).size).toBe(2)
      expect(new Set(welcomes.map(({ session }) => session)).size).toBe(2)
    })

    test.each([[], ['parlor.v1'], ['parlor.v1.batch']])(
      '[WS-2] the three plain texts work as they stand (%s)',
      async (...offer) => {
        const ann = await peer(served(), { protocols: offer.filter((one) => one !== undefined) })
        await ann.next('welcome')
        ann.sendText('{"type":"join","room":"lobby"}')
        expect(await ann.frame()).toMatchObject({ type: 'joined', room: 'lobby' })
        ann.sendText('{"type":"chat","content":"hello"}')
        expect(await ann.frame()).toMatchObject({ type: 'chat', room: 'lobby', content: 'hello' })
        ann.sendText('{"type":"leave","room":"lobby"}')
        expect(await ann.frame()).toEqual({ type: 'left', room: 'lobby' })
      },
    )

    test('[WS-7] replies carry the ref, publications do not', async () => {
      const room = freshRoom()
      const socket = await dial(served(), '/ws', { 'Sec-WebSocket-Protocol': 'parlor.v1' })
      const bodies: readonly object[] = [
        { type: 'join', room },
        { type: 'chat', room, content: 'a' },
        { type: 'event', room, name: 'e', data: null },
        { type: 'chat', room, content: 'a', transient: true },
        { type: 'ping' },
        { type: 'dance' },
        { type: 'chat', content: 5 },
        { type: 'leave', room },
        { type: 'leave', room },
      ]
      const refs: readonly (string | number)[] = [0, -1, 2 ** 40, 'r', 'x'.repeat(64), '0', '__proto__', '😀', 7]
      for (const [at, body] of bodies.entries()) socket.text(JSON.stringify({ ...body, ref: refs[at] }))
      const frames: string[] = []
      const replies = new Set<string | number>()
      while (replies.size < refs.length) {
        const text = await socket.nextText()
        frames.push(text)
        const frame = parseFrameText(text)
        const ref = refOf(frame)
        if (ref !== undefined) replies.add(ref)
        if (frame.type === 'chat' || frame.type === 'event' || frame.type === 'welcome')
          expect(text).not.toContain('"ref"')
      }
      expect(replies).toEqual(new Set(refs))
      expect(frames.filter((text) => /"type":"(chat|event)"/.test(text))).toHaveLength(3)
    })

    test('[WS-7] a publish without a ref is not acknowledged', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      ann.send({ type: 'chat', room, content: 'without' })
      ann.send({ type: 'event', room, name: 'without', data: 1 })
      ann.send({ type: 'chat', room, content: 'with', ref: 5 })
      expect((await ann.next('ack')).ref).toBe(5)
      await ann.pong()
      expect(ann.pending().filter(({ type }) => type === 'ack')).toEqual([])
    })

    test('[WS-13] ping is answered by exactly pong', async () => {
      const ann = await peer(served())
      await ann.frame()
      ann.sendText('{"type":"ping"}')
      expect(await ann.text()).toBe('{"type":"pong"}')
      ann.sendText('{"type":"ping","ref":"a"}')
      expect(JSON.parse(await ann.text())).toEqual({ type: 'pong', ref: 'a' })
    })

    test('[SUB-3] without batch a frame holds one JSON text, with it one or more', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (let at = 0; at < 60; at++) await ann.say(room, `line\n${at}`)
      for (const offer of [undefined, 'parlor.v1', 'parlor.v1.batch']) {
        const socket = await dial(served(), '/ws', { 'Sec-WebSocket-Protocol': offer })
        socket.text(JSON.stringify({ type: 'join', room, history: 60 }))
        const contents: string[] = []
        while (contents.length < 60) {
          const texts = (await socket.nextText()).split('\n')
          if (offer !== 'parlor.v1.batch') expect(texts).toHaveLength(1)
          contents.push(...texts.map(parseFrameText).flatMap((one) => (one.type === 'chat' ? [one.content] : [])))
        }
        expect(contents).toEqual(Array.from({ length: 60 }, (_, at) => `line\n${at}`))
      }
    })

    test('[WS-16] ?room= joins after welcome', async () => {
      for (const room of [freshRoom(), 'Grüße & 😀=?', '__proto__']) {
        const ann = await peer(served(), { query: { room } })
        expect((await ann.frame()).type).toBe('welcome')
        expect(await ann.frame()).toMatchObject({ type: 'joined', room })
        ann.send({ type: 'chat', content: 'hi' })
        expect(await ann.next('chat')).toMatchObject({ room, content: 'hi' })
      }
      const bob = await peer(served(), { query: { room: 'x'.repeat(129) } })
      expect((await bob.frame()).type).toBe('welcome')
      expect(await bob.frame()).toMatchObject({ type: 'error', code: 'invalid_room' })
    })

    test('[WS-18] ?session= of the same user closes the old connection with 4501', async () => {
      const first = await peer(served())
      const { session } = await first.next('welcome')
      const eve = await peer(served(), { user: 'eve', query: { session } })
      await eve.next('welcome')
      const other = await peer(served(), { query: { session: 'unknown' } })
      await other.next('welcome')
      await first.pong()
      const second = await peer(served(), { query: { session } })
      expect(await first.closed()).toEqual({ code: 4501, reason: 'replaced' })
      await second.next('welcome')
      await second.pong()
      await eve.pong()
    })

    test('[WS-17] above the rate a publish is rate_limited, and later it passes', async () => {
      const limited = await own(fixture, { PARLOR_MAX_PUBLISH_RATE: '5' })
      const room = freshRoom()
      const ann = await member(limited, room)
      const publish = { type: 'chat', room, content: 'a' }
      const replies = await Promise.all(Array.from({ length: 20 }, () => ann.ask(publish)))
      const errors = replies.filter(({ type }) => type === 'error')
      expect(replies.length - errors.length).toBeGreaterThanOrEqual(5)
      expect(errors.length).toBeGreaterThan(0)
      for (const error of errors) expect(error).toMatchObject({ code: 'rate_limited', retryable: true })
      await expect.poll(async () => (await ann.ask(publish)).type, { interval: 100, timeout: 5_000 }).toBe('ack')
    })
  })
}
