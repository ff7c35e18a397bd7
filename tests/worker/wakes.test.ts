import { describe, expect, test } from 'vitest'
import { freshRoom, member, peer } from '../contract/ground.ts'
import { objects } from './harness.ts'

const GATEWAY = 'gw:DFW:0'

describe('an object that loses its memory', () => {
  const { served, evict } = objects()

  test('[ROOM-2] [ROOM-3] members in the room’s own object and in a gateway go on without a word', async () => {
    const room = freshRoom()
    const direct = await peer(served(), { user: 'direct', query: { room } })
    await direct.next('joined')
    const far = await member(served(), room, { user: 'far' })
    let offset = 0
    for (const evicted of [[], [`room:${room}`], [GATEWAY], [`room:${room}`, GATEWAY]]) {
      for (const object of evicted) await evict(object, 'hibernate')
      for (const sender of [direct, far]) {
        const said = `after ${evicted.join()}`
        const { position } = await sender.say(room, said)
        expect(position?.offset).toBe(++offset)
        for (const one of [direct, far]) expect(await one.next('chat')).toMatchObject({ offset, content: said })
      }
    }
    expect([...direct.pending(), ...far.pending()].map(({ type }) => type)).toEqual(['welcome'])
  })

  test('[WS-9] a membership that was ended stays so', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    const bob = await member(served(), room, { user: 'bob' })
    await ann.leave(room)
    await evict(GATEWAY, 'hibernate')
    expect(await ann.refusal({ type: 'chat', room, content: 'x' })).toBe('not_joined')
    await bob.say(room, 'alone')
    expect(await bob.next('chat')).toMatchObject({ content: 'alone' })
    await ann.pong()
    expect(ann.pending()).toEqual([])
  })

  test('[ECHO-1] [CHAT-1] echo and the plain chat go on', async () => {
    const echo = await peer(served(), { path: '/echo' })
    const ann = await peer(served(), { path: '/chat' })
    const bob = await peer(served(), { path: '/chat' })
    for (const text of ['before', 'after']) {
      echo.sendText(text)
      expect(await echo.text()).toBe(text)
      ann.sendText(text)
      for (const one of [ann, bob]) expect(await one.text()).toBe(text)
      await evict('echo:DFW:0', 'hibernate')
      await evict('chat', 'hibernate')
    }
  })

  test('[ROOM-13] cut off, a client resumes with nothing lost', async () => {
    const room = freshRoom()
    const ann = await peer(served(), { query: { room } })
    const { position } = await ann.next('joined')
    await ann.say(room, 'one')
    await evict(`room:${room}`, 'close')
    await ann.closed()
    const again = await peer(served(), { query: { room } })
    await again.next('joined')
    const since = await again.ask({ type: 'leave', room })
    expect(since.type).toBe('left')
    const joined = await again.ask({ type: 'join', room, since: position })
    expect(joined).toMatchObject({ recovered: true })
    expect(await again.next('chat')).toMatchObject({ offset: 1, content: 'one' })
  })
})
