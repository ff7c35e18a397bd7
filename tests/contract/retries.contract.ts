import { describe, expect, test } from 'vitest'
import { freshRoom, type Ground, member, own, peer } from './ground.ts'
import { until } from './waiting.ts'

export function retries({ fixture, served }: Ground): void {
  describe('retries', () => {
    test('[ROOM-10] the same id again appends nothing and is acknowledged with the first position', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const first = await ann.say(room, 'once', { id: 'x' })
      expect(first.duplicate).toBe(false)
      await ann.say(room, 'between')
      expect(await ann.say(room, 'once', { id: 'x' })).toMatchObject({ duplicate: true, position: first.position })
      // The user's, not the connection's.
      const again = await member(served(), room)
      expect(await again.say(room, 'once', { id: 'x', age: 100 })).toMatchObject({
        duplicate: true,
        position: first.position,
      })
      await ann.say(room, 'end')
      expect(await ann.frames(3)).toMatchObject(['once', 'between', 'end'].map((content) => ({ content })))
    })

    test('[ROOM-10] two at the same time: one is first', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const other = await member(served(), room)
      const acks = await Promise.all([ann, ann, other, other].map((one) => one.say(room, 'once', { id: 'x' })))
      expect(acks.filter(({ duplicate }) => duplicate === false)).toHaveLength(1)
      expect(new Set(acks.map(({ position }) => position?.offset))).toEqual(new Set([1]))
    })

    test('[ROOM-10] the same id with another content is id_reused', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      await ann.say(room, 'a', { id: 'x' })
      for (const frame of [
        { type: 'chat', room, content: 'b', id: 'x' },
        { type: 'event', room, name: 'a', data: 'a', id: 'x' },
      ]) {
        expect(await ann.ask(frame)).toMatchObject({ type: 'error', code: 'id_reused', retryable: false })
      }
      await ann.ask({ type: 'event', room, name: 'n', data: { a: 1 }, id: 'y' })
      expect(await ann.refusal({ type: 'event', room, name: 'n', data: { a: 2 }, id: 'y' })).toBe('id_reused')
      expect(await ann.ask({ type: 'event', room, name: 'n', data: { a: 1 }, id: 'y' })).toMatchObject({
        duplicate: true,
      })
      expect((await ann.say(room, 'last')).position?.offset).toBe(3)
    })

    test('[ROOM-10] ids are a user’s and a room’s own', async () => {
      const rooms = [freshRoom(), freshRoom()] as const
      const ann = await member(served(), rooms[0])
      await ann.join(rooms[1])
      const bob = await member(served(), rooms[0], { user: 'bob' })
      for (const id of ['x', '__proto__', 'constructor']) {
        expect((await ann.say(rooms[0], 'a', { id })).duplicate).toBe(false)
        expect((await ann.say(rooms[1], 'a', { id })).duplicate).toBe(false)
        expect((await bob.say(rooms[0], 'b', { id })).duplicate).toBe(false)
        expect((await ann.say(rooms[0], 'a', { id })).duplicate).toBe(true)
      }
      const seen = (await bob.next('chat')).clientId
      expect(seen).toBe('x')
    })

    test('[ROOM-10] an age beyond the window is outcome_unknown, one within is published', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const old = { type: 'chat', room, content: 'old', id: 'old', age: 10 * 60_000 }
      expect(await ann.ask(old)).toMatchObject({ type: 'error', code: 'outcome_unknown', retryable: false })
      expect((await ann.say(room, 'zero', { id: 'zero', age: 0 })).position?.offset).toBe(1)
    })

    test('[ROOM-10] what the newest 1,000 pushed out is not appended again', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const start = Date.now()
      await ann.say(room, 'first', { id: 'first' })
      // Twice as many as are kept: what is forgotten then reaches far beyond the delay of one message.
      for (let at = 0; at < 2000; at += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, more) => ann.say(room, 'x', { id: `${at + more}` })))
      }
      const age = Date.now() - start
      expect(await ann.refusal({ type: 'chat', room, content: 'first', id: 'first', age })).toBe('outcome_unknown')
    })

    test('[ROOM-4] the log’s size can be set', async () => {
      const small = await own(fixture, { PARLOR_HISTORY_SIZE: '5', PARLOR_HISTORY_BYTES: '100KiB' })
      const room = freshRoom()
      const ann = await member(small, room)
      for (let at = 0; at < 20; at++) await ann.say(room, 'x')
      const bob = await peer(small, { user: 'bob' })
      expect((await bob.join(room, 1000)).position.offset).toBe(15)
      for (let at = 0; at < 4; at++) await ann.say(room, 'x'.repeat(40_000))
      const carl = await peer(small, { user: 'carl' })
      expect((await carl.join(room, 1000)).position.offset).toBe(22)
    })

    test('[ROOM-4] publications older than the log’s age are evicted, offsets go on', async () => {
      const short = await own(fixture, { PARLOR_HISTORY_TTL: '1s' })
      const room = freshRoom()
      const ann = await member(short, room)
      const { position } = await ann.say(room, 'soon gone')
      const bob = await peer(short, { user: 'bob' })
      const expired = await until('the publication is evicted', async () => {
        const joined = await bob.join(room, 10)
        await bob.leave(room)
        return joined.position.offset === 1 ? joined : undefined
      })
      expect(expired.position.epoch).toBe(position?.epoch)
      expect((await ann.say(room, 'next')).position?.offset).toBe(2)
    })
  })
}
