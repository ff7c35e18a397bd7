import { describe, expect, test } from 'vitest'
import { freshRoom, member, peer } from '../contract/ground.ts'
import { fromNow, token } from '../contract/peer.ts'
import { objects } from './harness.ts'

const GATEWAY = 'gw:DFW:0'

describe('an object that loses its memory', () => {
  const { served, evict, sql } = objects()

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

  test('[WORKER-2] rooms whose names differ by lone surrogates alone are two', async () => {
    const members = ['\ud800', '\ud801', '\ufffd'].map(async (room) => ({ room, one: await member(served(), room) }))
    for (const { room, one } of await Promise.all(members)) {
      expect((await one.say(room, 'alone')).position?.offset).toBe(1)
      expect(await one.next('chat')).toMatchObject({ room, offset: 1 })
    }
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

  test('[WORKER-1] more rooms than an attachment has space for', { timeout: 60_000 }, async () => {
    const rooms = Array.from({ length: 128 }, (_, at) => `${freshRoom()}-${at}-`.padEnd(128, '…'))
    const ann = await peer(served(), { user: 'many' })
    await ann.next('welcome')
    for (let at = 0; at < rooms.length; at += 16) {
      await Promise.all(rooms.slice(at, at + 16).map((room) => ann.join(room)))
    }
    await evict(GATEWAY, 'hibernate')
    expect(await ann.refusal({ type: 'join', room: freshRoom() })).toBe('too_many_rooms')
    for (const room of [rooms[0], rooms[127]]) {
      if (room === undefined) throw new Error('unreachable: 128 rooms')
      await ann.say(room, 'hi')
      expect(await ann.next('chat')).toMatchObject({ room, offset: 1 })
    }
    for (const room of rooms.slice(2)) await ann.leave(room)
    await evict(GATEWAY, 'hibernate')
    await ann.join(freshRoom())
    expect(await sql(GATEWAY, 'SELECT id FROM parlor_connections')).toEqual([])
  })

  test('[WORKER-1] [AUTH-6] an identity, renewed or not, is warned of once and ends when it ends', async () => {
    const soon = await token({ sub: 'ann', exp: fromNow(4) })
    const ends = await peer(served(), { token: soon })
    const renewed = await peer(served(), { token: soon })
    await renewed.ask({ type: 'auth', token: await token({ sub: 'ann', exp: fromNow(1000) }) })
    expect(await ends.next('error')).toMatchObject({ code: 'token_expiring' })
    await evict(GATEWAY, 'hibernate')
    await ends.pong()
    expect(await ends.closed()).toEqual({ code: 4100, reason: 'token_expired' })
    expect(ends.pending().map(({ type }) => type)).toEqual(['welcome'])
    await renewed.pong()
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
