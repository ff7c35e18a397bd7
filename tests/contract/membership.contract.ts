import { describe, expect, test } from 'vitest'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { freshRoom, type Ground, member, own, peer } from './ground.ts'
import { expectType, type Peer } from './peer.ts'

export function membership({ fixture, served }: Ground): void {
  describe('membership', () => {
    test('[WS-8] chat without room goes into the one room', async () => {
      const room = freshRoom()
      const ann = await peer(served())
      expect(await ann.refusal({ type: 'chat', content: 'to none' })).toBe('not_joined')
      // While it is being joined.
      ann.send({ type: 'join', room })
      ann.send({ type: 'chat', content: 'to the one' })
      expect(await ann.next('chat')).toMatchObject({ room, content: 'to the one' })
      const second = freshRoom()
      await ann.join(second)
      expect(await ann.refusal({ type: 'chat', content: 'to which?' })).toBe('room_required')
      await ann.leave(room)
      await ann.ask({ type: 'chat', content: 'to the one left' })
      expect(await ann.next('chat')).toMatchObject({ room: second, content: 'to the one left' })
    })

    test('[WS-9] publish to and leave of a room one is not in: not_joined', async () => {
      const room = freshRoom()
      const ann = await member(served(), freshRoom())
      const bob = await member(served(), room, { user: 'bob' })
      for (const frame of [
        { type: 'chat', room, content: 'a' },
        { type: 'chat', room, content: 'a', transient: true },
        { type: 'event', room, name: 'n', data: 1 },
        { type: 'leave', room },
      ]) {
        expect(await ann.ask(frame)).toMatchObject({ type: 'error', code: 'not_joined', retryable: false, room })
      }
      await bob.say(room, 'only this')
      expect(await bob.frame()).toMatchObject({ type: 'chat', content: 'only this', offset: 1 })
    })

    test('[WS-9] an event without room is no publish to the one room unless it is answered so', async () => {
      const ann = await peer(served())
      const reply = await ann.ask({ type: 'event', name: 'n', data: 1 })
      expect(reply.type).toBe('error')
      await ann.pong()
    })

    test.each([
      ['one character', 'x'],
      ['128 characters', 'x'.repeat(128)],
      ['64 emoji', '😀'.repeat(64)],
      ['blanks', ' '],
      ['__proto__', '__proto__'],
      ['constructor', 'constructor'],
      ['a path', '../../etc/passwd'],
      ['a lone surrogate’s neighbour', '\ufffd'],
    ])('[WS-10] a room’s name may be %s', async (_, room) => {
      const ann = await member(served(), room)
      const { position } = await ann.say(room, 'in it')
      const bob = await peer(served(), { user: 'bob' })
      expect((await bob.join(room, 1)).room).toBe(room)
      const seen = await bob.next('chat')
      expect(seen).toMatchObject({ room, content: 'in it', id: position?.id })
    })

    test.each([
      ['nothing', ''],
      ['129 characters', 'x'.repeat(129)],
      ['65 emoji', '😀'.repeat(65)],
      ['a NUL', 'a\u0000b'],
      ['a line feed', 'a\nb'],
      ['the control 1F', '\u001f'],
      ['DEL', 'a\u007f'],
      ['a C1 control', 'a\u0085'],
    ])('[WS-10] a room’s name may not be or hold %s', async (_, room) => {
      const ann = await peer(served())
      expect(await ann.ask({ type: 'join', room })).toMatchObject({
        type: 'error',
        code: 'invalid_room',
        retryable: false,
      })
      await ann.pong()
    })

    test('[WS-11] beyond 128 rooms: too_many_rooms, until one is left', async () => {
      const ann = await peer(served())
      const names = Array.from({ length: 128 }, () => freshRoom())
      for (const name of names) await ann.join(name)
      expect(await ann.refusal({ type: 'join', room: freshRoom() })).toBe('too_many_rooms')
      await ann.join(names[0] ?? '')
      await ann.leave(names[1] ?? '')
      await ann.join(freshRoom())
    })

    test('[WS-11] rooms asked for at the same time count too', async () => {
      const limited = await own(fixture, { PARLOR_MAX_ROOMS: '3', PARLOR_MAX_ROOM_NAME: '20' })
      const ann = await peer(limited)
      expect((await ann.next('welcome')).limits).toMatchObject({ rooms: 3, room: 20 })
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, at) => ann.ask({ type: 'join', room: `burst ${at}` })),
      )
      expect(replies.filter(({ type }) => type === 'joined')).toHaveLength(3)
      for (const reply of replies.filter(({ type }) => type !== 'joined')) {
        expect(reply).toMatchObject({ type: 'error', code: 'too_many_rooms' })
      }
      expect(await ann.refusal({ type: 'join', room: 'x'.repeat(21) })).toBe('invalid_room')
    })

    test('[WS-12] a second join says where one is and changes nothing', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (const content of ['a', 'b']) await ann.say(room, content)
      await ann.next('chat')
      const second = await ann.next('chat')
      const again = await ann.join(room)
      expect(again.position).toMatchObject({ offset: 2, id: second.id })
      await ann.say(room, 'c')
      expect(await ann.frame()).toMatchObject({ type: 'chat', content: 'c', offset: 3 })
      await ann.leave(room)
      expect(await ann.refusal({ type: 'leave', room })).toBe('not_joined')
    })

    test('[WS-12] a second join that says where to begin begins there', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (const content of ['a', 'b', 'c']) await ann.say(room, content)
      const { epoch } = (await ann.join(room)).position
      const [first] = [await ann.next('chat'), await ann.next('chat'), await ann.next('chat')]
      const since = { epoch, offset: first.offset, id: first.id }
      const again = await ann.ask({ type: 'join', room, since })
      expect(again).toMatchObject({ type: 'joined', position: since, recovered: true })
      for (const content of ['b', 'c']) expect(await ann.frame()).toMatchObject({ type: 'chat', content })
      expect((await ann.join(room, 1)).position.offset).toBe(2)
      expect(await ann.frame()).toMatchObject({ type: 'chat', content: 'c' })
      const unknown = await ann.ask({ type: 'join', room, since: { epoch: 'another', offset: 1, id: 'x' } })
      expect(unknown).toMatchObject({ type: 'joined', position: { offset: 3 }, recovered: false })
      await ann.say(room, 'd')
      expect(await ann.frame()).toMatchObject({ type: 'chat', content: 'd', offset: 4 })
      await ann.leave(room)
      expect(await ann.refusal({ type: 'leave', room })).toBe('not_joined')
    })

    test('[WS-14] requests of one connection are handled in order', async () => {
      const room = freshRoom()
      const ann = await peer(served())
      await ann.next('welcome')
      for (let round = 0; round < 20; round++) {
        ann.send({ type: 'join', room })
        for (const content of ['a', 'b', 'c']) ann.send({ type: 'chat', room, content })
        ann.send({ type: 'leave', room })
        ann.send({ type: 'chat', room, content: 'too late', ref: round })
      }
      const frames = await ann.frames(20 * 6)
      const errors = frames.filter(({ type }) => type === 'error')
      expect(errors).toMatchObject(Array.from({ length: 20 }, (_, ref) => ({ code: 'not_joined', ref })))
      expect(frames.filter(({ type }) => type !== 'error')).toMatchObject(
        Array.from({ length: 20 }, (_, round) => [
          { type: 'joined', position: { offset: round * 3 } },
          { type: 'chat', content: 'a' },
          { type: 'chat', content: 'b' },
          { type: 'chat', content: 'c' },
          { type: 'left' },
        ]).flat(),
      )
    })

    test('[WS-15] a client that reads gets every one of a thousand replies', async () => {
      const ann = await peer(served())
      await Promise.all(Array.from({ length: 1000 }, () => ann.pong()))
    })

    test('[ROOM-2] from joined on all is contiguous, and nothing comes after left', async () => {
      const room = freshRoom()
      const bob = await member(served(), room, { user: 'bob' })
      const ann = await peer(served())
      await ann.next('welcome')
      for (let round = 0; round < 10; round++) {
        const half = Array.from({ length: 20 }, (_, at) => bob.say(room, `first ${at}`))
        ann.send({ type: 'join', room })
        ann.send({ type: 'leave', room })
        ann.send({ type: 'join', room })
        await Promise.all([...half, ...Array.from({ length: 20 }, (_, at) => bob.say(room, `second ${at}`))])
        await bob.say(room, 'mark')
        expectContiguous(await framesTo(ann, 'mark'))
        await ann.leave(room)
      }
    })

    test('[ROOM-2] after left a member hears no more', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const bob = await member(served(), room, { user: 'bob' })
      await ann.leave(room)
      await bob.say(room, 'behind your back')
      await bob.say(room, 'transient', { transient: true })
      await ann.pong()
      expect(ann.pending()).toEqual([])
    })
  })
}

async function framesTo(reader: Peer, content: string): Promise<readonly ServerFrame[]> {
  const frames: ServerFrame[] = []
  for (;;) {
    const frame = await reader.frame()
    frames.push(frame)
    if (frame.type === 'chat' && frame.content === content) return frames
  }
}

/** Of one room: publications follow `joined` without a hole, and there are none after `left`. */
function expectContiguous(frames: readonly ServerFrame[]): void {
  let last: number | undefined
  for (const frame of frames) {
    if (frame.type === 'joined') last = frame.position.offset
    else if (frame.type === 'left') last = undefined
    else {
      const { offset } = expectType(frame, 'chat')
      if (last === undefined) throw new Error(`publication ${offset} came outside of the membership`)
      expect(offset).toBe(++last)
    }
  }
}
