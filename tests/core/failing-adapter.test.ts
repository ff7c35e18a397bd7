import { describe, expect, test } from 'vitest'
import { RequestError } from '../../src/core/errors.ts'
import type { Eventually } from '../../src/core/eventually.ts'
import { Gate } from './fake-loop.ts'
import { type Client, kinds, World } from './fake-world.ts'

/** A client has asked to join `r`, which is refused as soon as the adapter answers. */
function joiningInVain(): { world: World; client: Client } {
  const world = new World()
  const client = world.connect()
  client.take()
  world.adapter.delays = () => true
  world.adapter.fails = () => new Error('down')
  client.join('r', { ref: 1 })
  return { world, client }
}

describe('an adapter that fails', () => {
  test('[WS-8] a join that failed counts for nothing afterwards', async () => {
    const world = new World()
    const client = world.connect()
    client.join('good')
    client.take()
    world.adapter.fails = (call, room) => (call === 'subscribe' && room === 'bad' ? new Error('down') : undefined)
    client.join('bad', { ref: 1 })
    expect(client.take()).toMatchObject([{ type: 'error', ref: 1, code: 'unavailable', retryable: true, room: 'bad' }])
    client.send({ type: 'leave', room: 'bad', ref: 2 })
    client.send({ type: 'chat', content: 'to good', ref: 3 })
    expect(client.take()).toMatchObject([
      { ref: 2, code: 'not_joined' },
      { ref: 3, type: 'ack', room: 'good' },
    ])
    expect(world.hub.rooms.size).toBe(1)
  })

  test('[WS-8] nor where a chat waited behind it', async () => {
    const world = new World()
    const client = world.connect()
    client.join('good')
    client.take()
    world.adapter.delays = () => true
    world.adapter.fails = (call) => (call === 'subscribe' ? new Error('down') : undefined)
    client.join('bad', { ref: 1 })
    client.send({ type: 'chat', room: 'bad', content: 'x', ref: 2 })
    world.adapter.release()
    await world.rest()
    expect(client.take()).toMatchObject([
      { ref: 1, code: 'unavailable' },
      { ref: 2, code: 'not_joined' },
    ])
    world.adapter.delays = () => false
    client.send({ type: 'leave', room: 'bad', ref: 3 })
    client.send({ type: 'chat', content: 'to good', ref: 4 })
    expect(client.take()).toMatchObject([
      { ref: 3, code: 'not_joined' },
      { ref: 4, type: 'ack', room: 'good' },
    ])
  })

  test('[WS-9] [CLIENT-17] a leave behind a join that is refused leaves nothing, and says so', async () => {
    const { world, client } = joiningInVain()
    client.send({ type: 'leave', room: 'r', ref: 2 })
    world.adapter.fails = () => undefined
    client.join('r', { ref: 3 })
    client.send({ type: 'leave', room: 'r', ref: 4 })
    for (let i = 0; i < 3; i++) {
      world.adapter.release()
      await world.rest()
    }
    expect(client.take()).toMatchObject([
      { type: 'error', ref: 1, code: 'unavailable' },
      { type: 'error', ref: 2, code: 'not_joined', room: 'r' },
      { type: 'joined', ref: 3 },
      { type: 'left', ref: 4 },
    ])
    expect(world.hub.rooms.size).toBe(0)
  })

  test('[WS-8] a join that is tried again while the first one fails stands', async () => {
    const { world, client } = joiningInVain()
    client.join('r', { ref: 2 })
    world.adapter.fails = () => undefined
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    client.send({ type: 'chat', content: 'in', ref: 3 })
    await world.rest()
    expect(kinds(client.take())).toEqual(['error r 1', 'joined r 2', 'ack r 3', 'chat r'])
  })

  test('[ROOM-11] a publish that failed is answered with unavailable, a RequestError with its own code', async () => {
    const world = new World()
    const client = world.connect()
    client.join('r')
    client.take()
    const failures = [new Error('down'), new RequestError('outcome_unknown', 'too old', 'age')]
    world.adapter.fails = (call) => (call === 'publish' ? failures.shift() : undefined)
    for (const ref of [1, 2, 3]) client.send({ type: 'chat', content: 'x', ref })
    await world.rest()
    expect(client.take()).toMatchObject([
      { ref: 1, code: 'unavailable', retryable: true },
      { ref: 2, code: 'outcome_unknown', path: 'age', retryable: false },
      { ref: 3, type: 'ack', position: { offset: 1 } },
      { type: 'chat', offset: 1 },
    ])
  })

  test('[ROOM-8] a join whose history can not be read fails and leaves nothing behind', async () => {
    const world = new World()
    const client = world.connect()
    client.take()
    await world.publish('r', 'old')
    world.adapter.fails = (call) => (call === 'history' ? new Error('down') : undefined)
    client.join('r', { history: 5, ref: 1 })
    expect(client.take()).toMatchObject([{ ref: 1, code: 'unavailable' }])
    expect(world.hub.rooms.size).toBe(0)
  })

  test('[ROOM-3] [ROOM-14] a room goes on where a log that somebody only asked about can not be read', async () => {
    const world = new World()
    const [member, other] = [world.connect({ room: 'r' }), world.connect()]
    await world.publish('r', '1')
    await world.rest()
    world.adapter.fails = (call) => (call === 'history' ? new Error('down') : undefined)
    other.join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' }, ref: 1 })
    await world.publish('r', '2')
    await world.rest()
    expect(other.all('error')).toMatchObject([{ ref: 1, code: 'unavailable', retryable: true }])
    expect(member.heard()).toEqual(['1', '2'])
  })

  test('[ROOM-9] a subscription that was not given back is not forgotten where the next subscribe fails', async () => {
    const world = new World()
    const client = world.connect({ ping: false, room: 'r' })
    const down = { unsubscribe: [new Error('down')], subscribe: [new Error('down')] }
    world.adapter.fails = (call) => (call === 'unsubscribe' || call === 'subscribe' ? down[call].shift() : undefined)
    world.adapter.delays = (call) => call === 'subscribe'
    client.send({ type: 'leave', room: 'r' })
    client.join('r')
    world.loop.advance(1500)
    world.adapter.release()
    for (let i = 0; i < 10; i++) {
      await world.rest()
      world.loop.advance(60_000)
    }
    expect(world.hub.rooms.size).toBe(0)
    expect(world.adapter.subscribed.size).toBe(0)
  })

  test('[ROOM-9] an unsubscribe that failed is tried again: nobody is in the room', async () => {
    const world = new World()
    const client = world.connect({ ping: false, room: 'r' })
    const failures = [new Error('down')]
    world.adapter.fails = (call) => (call === 'unsubscribe' ? failures.shift() : undefined)
    client.send({ type: 'leave', room: 'r' })
    for (let i = 0; i < 10; i++) {
      world.loop.advance(60_000)
      await world.rest()
    }
    expect(world.adapter.subscribed.size).toBe(0)
    expect(world.adapter.size).toBe(0)
  })

  test('[CHAT-1] a room that can not be reached closes /chat with 4006', async () => {
    const world = new World()
    world.adapter.fails = () => new Error('down')
    const client = world.chat()
    expect(client.transport.closed).toEqual({ code: 4006, reason: 'unavailable' })
    expect(world.hub.rooms.size).toBe(0)
  })

  test('[CHAT-1] [ROOM-9] so does one whose log can not be compared, and leaves nothing behind', async () => {
    const world = new World()
    const [other, client] = await intoDoubt(world, () => {
      world.adapter.fails = (call) => (call === 'history' ? new Error('down') : undefined)
    })
    world.loop.advance(5000)
    await world.rest()
    expect(client.transport.closed).toEqual({ code: 4006, reason: 'unavailable' })
    expect(other.transport.isOpen).toBe(true)
    await leavesNothing(world, other)
  })

  test('[CHAT-1] [ROOM-9] and one whose log is not read in time', async () => {
    const world = new World()
    const [other, client] = await intoDoubt(world, () => {
      world.adapter.delays = (call) => call === 'history'
    })
    world.loop.advance(9900)
    await world.rest()
    expect(client.transport.isOpen).toBe(true)
    world.loop.advance(200)
    await world.rest()
    expect(client.transport.closed).toEqual({ code: 4006, reason: 'unavailable' })
    await leavesNothing(world, other)
  })

  test('[CONN-3] [ROOM-9] a socket on /chat that ends while the log is compared leaves nothing behind', async () => {
    const world = new World()
    const [other, client] = await intoDoubt(world, () => {
      world.adapter.delays = (call) => call === 'history'
    })
    client.die()
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    await leavesNothing(world, other)
  })
})

describe('[WS-14] a hook that forgets to answer', () => {
  test.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['1', () => 1],
    ['a promise of undefined', () => Promise.resolve(undefined)],
  ])('%s lets nobody in, and nothing be published', async (_, answer) => {
    const world = new World({ hooks: { join: allowing(answer, 'closed'), publish: allowing(answer, 'open') } })
    const client = world.connect()
    client.join('closed', { ref: 1 })
    client.join('open')
    await world.rest()
    client.send({ type: 'chat', room: 'open', content: 'x', ref: 2 })
    await world.rest()
    expect(client.all('error')).toMatchObject([
      { ref: 1, code: 'forbidden' },
      { ref: 2, code: 'forbidden' },
    ])
    expect(client.all('joined').map(({ room }) => room)).toEqual(['open'])
  })
})

describe('[WS-14] hooks', () => {
  test('false is forbidden, a throw is internal, and both are forgotten', async () => {
    const gate = new Gate<boolean>()
    const world = new World({
      hooks: {
        join: ({ room }) => {
          if (room === 'broken') throw new Error('a bug of the application')
          return room === 'late' ? gate.promise : room !== 'secret'
        },
      },
    })
    const client = world.connect()
    client.take()
    client.join('secret', { ref: 1 })
    client.join('broken', { ref: 2 })
    client.join('late', { ref: 3 })
    gate.open(false)
    await world.rest()
    client.send({ type: 'chat', content: 'x', ref: 4 })
    expect(client.take()).toMatchObject([
      { ref: 1, code: 'forbidden', room: 'secret' },
      { ref: 2, code: 'internal', retryable: true },
      { ref: 3, code: 'forbidden' },
      { ref: 4, code: 'not_joined' },
    ])
    expect(world.adapter.calls).toEqual([])
  })
})

/** Two sockets on /chat, of which the second comes when its engine is back from somewhere, in `trouble`. */
async function intoDoubt(world: World, trouble: () => void): Promise<[Client, Client]> {
  const other = world.chat({ ping: false })
  trouble()
  world.adapter.restored()
  await world.rest()
  const client = world.chat({ ping: false })
  await world.rest()
  return [other, client]
}

/** Nothing is left when the last one has gone and all has been answered. */
async function leavesNothing(world: World, last: Client): Promise<void> {
  last.die()
  world.adapter.release()
  await world.rest()
  expect([world.hub.rooms.size, world.adapter.subscribed.size]).toEqual([0, 0])
}

/** What plain JavaScript may give for a hook: `answer` for this room, true for any other. */
function allowing(answer: () => unknown, room: string): (request: { readonly room: string }) => Eventually<boolean> {
  const isAnswer = (value: unknown): value is Eventually<boolean> => value !== room
  return (request) => {
    if (request.room !== room) return true
    const value = answer()
    if (!isAnswer(value)) throw new TypeError('unreachable')
    return value
  }
}
