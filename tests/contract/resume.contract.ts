import { describe, expect, test } from 'vitest'
import type { StreamPosition } from '../../src/core/protocol.ts'
import { freshRoom, type Ground, member, own, peer } from './ground.ts'
import { expectType, type Of, type Peer } from './peer.ts'

const resume = async (client: Peer, room: string, since: StreamPosition, more: object = {}): Promise<Of<'joined'>> =>
  expectType(await client.ask({ type: 'join', room, since, ...more }), 'joined')

async function contents(client: Peer, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) found.push((await client.next('chat')).content)
  return found
}

/** The positions after each of `count` publications to the room. */
async function publish(client: Peer, room: string, count: number): Promise<StreamPosition[]> {
  const positions: StreamPosition[] = []
  for (let i = 1; i <= count; i++) {
    const { position } = await client.say(room, `${i}`)
    if (position) positions.push(position)
  }
  return positions
}

const oneTo = (n: number): string[] => Array.from({ length: n }, (_, i) => `${i + 1}`)

export function resumption({ fixture, served }: Ground): void {
  describe('resume and history', () => {
    test('[ROOM-13] what came while a socket was gone follows, once, and recovered is true', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const [first] = await publish(ann, room, 1)
      if (!first) throw new Error('no position')
      ann.terminate()
      const bob = await member(served(), room, { user: 'bob' })
      for (const content of ['2', '3']) await bob.say(room, content)
      const back = await peer(served())
      expect(await resume(back, room, first)).toMatchObject({ recovered: true, position: first })
      await bob.say(room, '4')
      expect(await contents(back, 3)).toEqual(['2', '3', '4'])
    })

    test('[ROOM-13] [WS-16] who comes with ?room= resumes by a join of its own', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const [first] = await publish(ann, room, 3)
      if (!first) throw new Error('no position')
      const back = await peer(served(), { query: { room } })
      expect((await back.next('joined')).position.offset).toBe(3)
      await ann.say(room, '4')
      back.send({ type: 'join', room, since: first, ref: 'again' })
      // What came to the membership of the address comes before the answer.
      let frame = await back.frame()
      while (frame.type !== 'joined') frame = await back.frame()
      expect(frame).toMatchObject({ recovered: true, position: first, ref: 'again' })
      expect(await contents(back, 3)).toEqual(['2', '3', '4'])
    })

    test('[ROOM-13] joining again and again in a flood of publications loses and repeats none', async () => {
      const room = freshRoom()
      const bob = await member(served(), room, { user: 'bob' })
      let position = (await (await peer(served())).join(room)).position
      const seen: string[] = []
      let said = 0
      for (let round = 0; round < 15; round++) {
        const flood = Promise.all(Array.from({ length: 6 }, () => bob.say(room, `${++said}`)))
        const ann = await peer(served())
        expect((await resume(ann, room, position)).recovered).toBe(true)
        for (let i = 0; i < 3; i++) {
          const { epoch } = position
          const { content, offset = 0, id } = await ann.next('chat')
          seen.push(content)
          position = { epoch, offset, id }
        }
        await flood
        ann.terminate()
      }
      const last = await peer(served())
      await resume(last, room, position)
      seen.push(...(await contents(last, said - seen.length)))
      expect(seen).toEqual(oneTo(said))
    })

    test('[ROOM-13] a position that the log has no more, or never had, is not recovered', async () => {
      const small = await own(fixture, { PARLOR_HISTORY_SIZE: '5' })
      const room = freshRoom()
      const ann = await member(small, room)
      const positions = await publish(ann, room, 10)
      const [fourth, fifth, head] = [positions[3], positions[4], positions[9]]
      if (!(fourth && fifth && head)) throw new Error('no positions')
      const bob = await peer(small, { user: 'bob' })
      const ask = async (since: StreamPosition, more: object = {}): Promise<Of<'joined'>> => {
        const joined = await resume(bob, room, since, more)
        await bob.leave(room)
        return joined
      }
      expect(await ask(fifth)).toMatchObject({ recovered: true, position: fifth })
      expect(await contents(bob, 5)).toEqual(['6', '7', '8', '9', '10'])
      expect(await ask(fourth)).toMatchObject({ recovered: false, position: head })
      expect(await ask({ ...head, id: 'other' })).toMatchObject({ recovered: false, position: head })
      expect(await ask({ ...head, epoch: 'other' })).toMatchObject({ recovered: false, position: head })
      expect(await ask({ ...head, offset: 11 })).toMatchObject({ recovered: false, position: head })
      expect(await ask(fourth, { history: 1 })).toMatchObject({ recovered: false, position: positions[8] })
      expect(await contents(bob, 1)).toEqual(['10'])
    })

    test('[ROOM-13] [WS-3] a position without its id is refused', async () => {
      const bob = await peer(served())
      const frame = { type: 'join', room: freshRoom(), since: { epoch: 'e', offset: 3 } }
      expect(await bob.ask(frame)).toMatchObject({ type: 'error', code: 'invalid_frame', path: 'since.id' })
    })

    test('[ROOM-15] history comes in pages, both ways, and says where there is more', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const positions = await publish(ann, room, 10)
      const page = async (fields: object): Promise<[string[], boolean, boolean]> => {
        const reply = expectType(await ann.ask({ type: 'history', room, ...fields }), 'history')
        const texts = reply.publications.map((each) => (each.type === 'chat' ? each.content : each.name))
        return [texts, reply.intact, reply.more]
      }
      expect(await page({})).toEqual([oneTo(10), true, false])
      expect(await page({ limit: 2 })).toEqual([['9', '10'], true, true])
      expect(await page({ limit: 3, before: positions[8] })).toEqual([['6', '7', '8'], true, true])
      expect(await page({ limit: 3, before: positions[2] })).toEqual([['1', '2'], true, false])
      expect(await page({ limit: 3, after: positions[2] })).toEqual([['4', '5', '6'], true, true])
      expect(await page({ limit: 3, after: positions[9] })).toEqual([[], true, false])
      expect(await ann.refusal({ type: 'history', room: 'not joined' })).toBe('not_joined')
      expect(await ann.refusal({ type: 'history', room, limit: 0 })).toBe('invalid_frame')
    })

    test('[ROOM-15] [CONN-2] who asks for many large pages at once gets them all, one by one', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      for (let i = 0; i < 10; i++) await ann.say(room, `${i}`.padEnd(60_000))
      const asked = Array.from({ length: 30 }, () => ann.ask({ type: 'history', room, limit: 4 }))
      for (const reply of await Promise.all(asked)) {
        expect(expectType(reply, 'history').publications).toHaveLength(4)
      }
    })
  })
}
