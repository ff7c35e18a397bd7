import { describe, expect, test } from 'vitest'
import type { Kept } from '../../src/core/kept.ts'
import { PLAIN_CHAT_ROOM } from '../../src/core/plain-chat.ts'
import { kinds, World } from './fake-world.ts'
import { stale } from './fork-world.ts'

/** A socket on /chat that had everything. */
const KEPT: Kept = { connection: 'c_kept', user: { id: 'kim', name: 'Kim' }, rooms: [{ room: PLAIN_CHAT_ROOM }] }

describe('a slow adapter', () => {
  test('[WS-14] holds up the requests of its room in order, and nothing else', async () => {
    const world = new World()
    const client = world.connect()
    client.join('slow')
    client.join('quick')
    client.take()
    world.adapter.delays = (_, room) => room === 'slow'
    client.send({ type: 'chat', room: 'slow', content: 'one', ref: 1 })
    client.send({ type: 'chat', room: 'slow', content: 'two', ref: 2 })
    client.send({ type: 'leave', room: 'slow', ref: 3 })
    client.send({ type: 'chat', room: 'quick', content: 'hi', ref: 4 })
    client.send({ type: 'ping', ref: 5 })
    await world.rest()
    expect(kinds(client.take())).toEqual(['ack quick 4', 'pong 5', 'chat slow', 'chat quick'])
    world.adapter.release()
    await world.rest()
    expect(kinds(client.take())).toEqual(['ack slow 1', 'chat slow'])
    world.adapter.release()
    await world.rest()
    expect(kinds(client.take())).toEqual(['ack slow 2', 'left slow 3'])
    expect(world.adapter.calls.filter((call) => call.startsWith('publish slow'))).toHaveLength(2)
  })

  test('[WS-8] a chat without a room goes into the one that is being joined', async () => {
    const world = new World()
    const client = world.connect()
    client.take()
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r', { ref: 1 })
    client.send({ type: 'chat', content: 'early', ref: 2 })
    await world.rest()
    expect(client.take()).toEqual([])
    world.adapter.release()
    await world.rest()
    expect(kinds(client.take())).toEqual(['joined r 1', 'ack r 2', 'chat r'])
  })

  test('[ROOM-2] leave and join again, faster than the adapter answers', async () => {
    const world = new World()
    const client = world.connect()
    client.take()
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r', { ref: 1 })
    client.send({ type: 'leave', room: 'r', ref: 2 })
    client.join('r', { ref: 3 })
    client.send({ type: 'chat', room: 'r', content: 'in', ref: 4 })
    for (let i = 0; i < 3; i++) {
      world.adapter.release()
      await world.rest()
    }
    expect(kinds(client.take())).toEqual(['joined r 1', 'left r 2', 'joined r 3', 'ack r 4', 'chat r'])
    client.send({ type: 'leave', room: 'r' })
    expect(world.hub.rooms.size).toBe(0)
  })

  test('[ROOM-2] what is announced while a join is under way is behind its position or follows it', async () => {
    const world = new World()
    const client = world.connect()
    client.take()
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r')
    await world.publish('r', 'early')
    world.adapter.release()
    await world.rest()
    await world.publish('r', 'late')
    await world.rest()
    const [joined, ...chats] = client.take()
    expect(joined).toMatchObject({ type: 'joined', position: { offset: 1 } })
    expect(chats).toMatchObject([{ type: 'chat', offset: 2, content: 'late' }])
  })

  test.each([1024, 1030])('[ROOM-3] so are all of %d, though nothing is published after them', async (count) => {
    const world = new World({ logs: { size: 2000 } })
    const client = world.connect()
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r')
    for (let i = 1; i <= count; i++) await world.publish('r', `${i}`)
    world.adapter.release()
    await world.rest()
    const begin = client.all('joined')[0]?.position.offset ?? Number.NaN
    const offsets = client.all('chat').map(({ offset }) => offset)
    expect(begin + offsets.length).toBe(count)
    expect(offsets.at(-1) ?? begin).toBe(count)
  })

  test('[ROOM-14] nothing waits to hear whether what is behind its position is of another log', async () => {
    const world = new World()
    const client = world.connect()
    for (const content of ['1', '2']) await world.publish('r', content)
    const { position } = await world.publish('r', '3')
    world.adapter.delays = (call) => call === 'subscribe' || call === 'history'
    client.join('r')
    world.adapter.announce('r', position?.epoch ?? '', stale(1, 'p1'), stale(2, 'p2'))
    world.adapter.release()
    await world.rest()
    await world.publish('r', '4')
    await world.rest()
    expect(client.heard()).toEqual(['4'])
  })

  test('[ROOM-12] but where it is, that is found', async () => {
    const world = new World()
    const client = world.connect()
    for (const content of ['1', '2']) await world.publish('r', content)
    const { position } = await world.publish('r', '3')
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r')
    world.adapter.fork('r', position?.epoch ?? '', ['f1'])
    await world.publish('r', 'f2')
    world.adapter.release()
    await world.rest()
    await world.publish('r', 'f3')
    await world.rest()
    expect(client.all('joined')).toMatchObject([{ position: { offset: 2 } }])
    expect(client.heard()).toEqual(['f3'])
  })

  test('[CONN-3] a connection that ends while its join is under way leaves nothing behind', async () => {
    const world = new World()
    const client = world.connect()
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r')
    client.send({ type: 'chat', room: 'r', content: 'never' })
    client.die()
    world.adapter.release()
    await world.rest()
    expect(world.hub.rooms.size).toBe(0)
    expect(world.adapter.subscribed.size).toBe(0)
    expect(world.adapter.calls.filter((call) => call.startsWith('publish'))).toEqual([])
  })

  test('[CONN-3] a socket on /chat that ends while it is entering leaves nothing behind', async () => {
    const world = new World()
    world.adapter.delays = (call) => call === 'subscribe'
    const client = world.chat()
    client.die()
    world.adapter.release()
    await world.rest()
    expect(world.hub.rooms.size).toBe(0)
    expect(world.adapter.subscribed.size).toBe(0)
  })

  test.each([
    ['[CHAT-1] a socket on /chat that ends', {}],
    ['[CHAT-1] [WORKER-1] one that goes on where memory was lost and ends', { kept: KEPT }],
  ])('%s while it is entering leaves the room to who comes after it', async (_, options) => {
    const world = new World()
    world.adapter.delays = (call) => call === 'subscribe'
    world.chat({ ping: false, ...options }).die()
    world.loop.advance(2000)
    const bob = world.chat({ ping: false })
    world.loop.advance(7500)
    await world.rest()
    world.adapter.release()
    await world.rest()
    world.loop.advance(1000)
    await world.rest()
    bob.text('x')
    await world.rest()
    expect(bob.transport.texts).toEqual(['x'])
    bob.die()
    await world.rest()
    expect([world.hub.rooms.size, world.adapter.subscribed.size]).toEqual([0, 0])
  })

  test('[CHAT-3] [ROOM-9] one that goes on and has missed too much is closed, and leaves nothing behind', async () => {
    const world = new World({ logs: { size: 2 } })
    const { position } = await world.publish(PLAIN_CHAT_ROOM, '1')
    for (const content of ['2', '3', '4']) await world.publish(PLAIN_CHAT_ROOM, content)
    const client = world.chat({ kept: { ...KEPT, rooms: [{ room: PLAIN_CHAT_ROOM, ...(position && { position }) }] } })
    await world.rest()
    expect(client.transport.closed).toEqual({ code: 4004, reason: 'lagged 1' })
    expect([world.hub.rooms.size, world.adapter.subscribed.size]).toEqual([0, 0])
  })

  test('[WORKER-1] [WS-14] one that goes on where memory was lost is asked for things before it is in its rooms again: they wait', async () => {
    const world = new World()
    world.adapter.delays = (call) => call === 'subscribe'
    const client = world.connect({ kept: { ...KEPT, session: 's', rooms: [{ room: 'a' }, { room: 'b' }] } })
    client.send({ type: 'chat', room: 'a', content: 'x', ref: 1 })
    client.send({ type: 'history', room: 'a', ref: 2 })
    client.send({ type: 'leave', room: 'b', ref: 3 })
    await world.rest()
    expect(client.take()).toEqual([])
    world.adapter.release()
    await world.rest()
    expect(kinds(client.take()).toSorted()).toEqual(['ack a 1', 'chat a', 'history a 2', 'left b 3'])
    expect([...world.adapter.subscribed]).toEqual(['a'])
  })

  test('[CHAT-1] what a socket on /chat sends while it is still entering reaches it too', async () => {
    const world = new World()
    world.adapter.delays = (call) => call === 'subscribe'
    const client = world.chat()
    client.text('hello')
    for (let i = 0; i < 3; i++) {
      world.adapter.release()
      await world.rest()
    }
    expect(client.transport.texts).toEqual(['hello'])
  })
})
