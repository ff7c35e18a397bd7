import { describe, expect, test } from 'vitest'
import { freshRoom, type Ground, member, peer } from './ground.ts'
import { expectType, type Of, type Peer } from './peer.ts'

const MIB = 1 << 20

async function chats(reader: Peer, count: number): Promise<readonly Of<'chat'>[]> {
  const list: Of<'chat'>[] = []
  while (list.length < count) list.push(expectType(await reader.frame(), 'chat'))
  return list
}

const oneTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1)

export function rooms({ served }: Ground): void {
  describe('rooms', () => {
    test('[ROOM-1] [ROOM-3] one order for every member, senders too', async () => {
      const room = freshRoom()
      const members = await Promise.all(['a', 'b', 'c'].map((user) => member(served(), room, { user })))
      for (let at = 0; at < 100; at++) {
        for (const one of members) one.send({ type: 'chat', room, content: `${at}` })
      }
      const seen = await Promise.all(members.map((one) => chats(one, 300)))
      const ids = seen.map((list) => list.map(({ id }) => id))
      expect(ids[1]).toEqual(ids[0])
      expect(ids[2]).toEqual(ids[0])
      expect(new Set(ids[0]).size).toBe(300)
      expect(seen[0]?.map(({ offset }) => offset)).toEqual(oneTo(300))
      for (const user of ['a', 'b', 'c']) {
        const said = seen[0]?.filter(({ from }) => from.id === user).map(({ content }) => Number(content))
        expect(said).toEqual(Array.from({ length: 100 }, (_, at) => at))
      }
    })

    test('[ROOM-2] the position of joined lies just before the first publication', async () => {
      const room = freshRoom()
      const ann = await peer(served())
      await ann.next('welcome')
      const { position } = await ann.join(room)
      expect(position.offset).toBe(0)
      expect('id' in position).toBe(false)
      const ack = await ann.say(room, 'first')
      expect(await ann.frame()).toMatchObject({ offset: 1, id: ack.position?.id })
      const bob = await peer(served(), { user: 'bob' })
      const joined = await bob.join(room)
      expect(joined.position).toEqual(ack.position)
      expect(joined.recovered).toBe(false)
      await ann.say(room, 'second')
      expect(await bob.next('chat')).toMatchObject({ offset: 2, content: 'second' })
      expect(bob.pending().filter(({ type }) => type === 'chat')).toEqual([])
    })

    test('[ROOM-3] a chat and an event carry all their fields', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const before = Date.now()
      const data = { deep: [1, 'two', null, { three: true }], '': 0 }
      await ann.ask({ type: 'event', room, name: 'moved', data, id: 'mine' })
      const event = await ann.frame()
      expect(event).toEqual({
        type: 'event',
        room,
        offset: 1,
        id: expect.stringMatching(/./),
        from: { id: 'ann', name: 'ANN' },
        time: expect.any(Number),
        name: 'moved',
        data,
        clientId: 'mine',
      })
      expect(Math.abs(expectType(event, 'event').time - before)).toBeLessThan(60_000)
      for (const content of ['', 'a\u0000b', '\u2028\u2029', '👩‍👩‍👧', '"\\\n', 'x'.repeat(10_000)]) {
        await ann.say(room, content)
        expect((await chats(ann, 1))[0]?.content).toBe(content)
      }
      for (const value of [null, false, 0, '', [], {}]) {
        await ann.ask({ type: 'event', room, name: 'any', data: value })
        expect(expectType(await ann.frame(), 'event').data).toEqual(value)
      }
    })

    test('[ROOM-4] a log holds the newest 100', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (let at = 1; at <= 150; at++) await ann.say(room, `${at}`)
      const bob = await peer(served(), { user: 'bob' })
      const { position } = await bob.join(room, 1000)
      expect(position.offset).toBe(50)
      await bob.next('welcome')
      const list = await chats(bob, 100)
      expect(list.map(({ content }) => Number(content))).toEqual(oneTo(100).map((at) => at + 50))
      expect(list.map(({ offset }) => offset)).toEqual(oneTo(100).map((at) => at + 50))
    })

    test('[ROOM-4] a log holds 4 MiB', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (let at = 1; at <= 90; at++) await ann.say(room, 'x'.repeat(60_000))
      const bob = await peer(served(), { user: 'bob' })
      const { position } = await bob.join(room, 1000)
      await bob.next('welcome')
      const kept = 90 - position.offset
      expect(kept * 60_000).toBeLessThanOrEqual(4 * MIB)
      expect(kept).toBeGreaterThanOrEqual(50)
      expect((await chats(bob, kept)).at(-1)?.offset).toBe(90)
    })

    test('[ROOM-6] a burst of 1,000 at once reaches the sender and a reading member without a gap', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const bob = await member(served(), room, { user: 'bob' })
      for (let at = 1; at <= 1000; at++) ann.send({ type: 'chat', room, content: `${at}` })
      for (const reader of [ann, bob]) {
        const list = await chats(reader, 1000)
        expect(list.map(({ offset }) => offset)).toEqual(oneTo(1000))
        expect(list.map(({ content }) => Number(content))).toEqual(oneTo(1000))
      }
    })

    test('[ROOM-7] a transient message comes in order, is not kept and has no offset', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const bob = await member(served(), room, { user: 'bob' })
      ann.send({ type: 'chat', room, content: 'before' })
      ann.send({ type: 'chat', room, content: 'passing', transient: true, ref: 1 })
      ann.send({ type: 'event', room, name: 'typing', data: true, transient: true })
      ann.send({ type: 'chat', room, content: 'after' })
      for (const reader of [ann, bob]) {
        const frames = (await reader.frames(reader === ann ? 5 : 4)).filter(({ type }) => type !== 'ack')
        expect(frames).toMatchObject([
          { content: 'before', offset: 1 },
          { type: 'chat', content: 'passing', transient: true, from: { id: 'ann' } },
          { type: 'event', name: 'typing', data: true, transient: true },
          { content: 'after', offset: 2 },
        ])
        for (const frame of frames.slice(1, 3)) expect('offset' in frame).toBe(false)
      }
      const ack = await ann.say(room, 'passing', { transient: true })
      expect(ack).toMatchObject({ room, duplicate: false })
      expect('position' in ack).toBe(false)
      const late = await peer(served(), { user: 'late' })
      await late.join(room, 1000)
      await late.next('welcome')
      expect((await chats(late, 2)).map(({ content }) => content)).toEqual(['before', 'after'])
      await late.pong()
      expect(late.pending()).toEqual([])
    })

    test.each([0, 1, 3, 10, 1000])('[ROOM-8] history: %i sends the newest kept', async (history) => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (const at of oneTo(10)) await ann.say(room, `${at}`)
      const bob = await peer(served(), { user: 'bob' })
      await bob.next('welcome')
      bob.send({ type: 'join', room, history })
      const count = Math.min(history, 10)
      const { position, recovered } = expectType(await bob.frame(), 'joined')
      expect([position.offset, recovered]).toEqual([10 - count, false])
      await ann.say(room, '11')
      const list = await chats(bob, count + 1)
      expect(list.map(({ content }) => Number(content))).toEqual(oneTo(11).slice(10 - count))
      expect(list.map(({ offset }) => offset)).toEqual(oneTo(11).slice(10 - count))
    })

    test('[ROOM-8] history of an empty room is nothing', async () => {
      const ann = await peer(served())
      await ann.next('welcome')
      const { position } = await ann.join(freshRoom(), 1000)
      expect(position.offset).toBe(0)
      await ann.pong()
      expect(ann.pending()).toEqual([])
    })

    test('[ROOM-11] the log holds what was acknowledged, at that position', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const acks = await Promise.all(oneTo(50).map((at) => ann.say(room, `${at}`)))
      const bob = await peer(served(), { user: 'bob' })
      const { position } = await bob.join(room, 1000)
      await bob.next('welcome')
      for (const [at, chat] of (await chats(bob, 50)).entries()) {
        expect(acks[at]).toMatchObject({ room, duplicate: false })
        expect(acks[at]?.position).toEqual({ epoch: position.epoch, offset: chat.offset, id: chat.id })
        expect(chat.content).toBe(`${at + 1}`)
      }
    })
  })
}
