import { describe, expect, test } from 'vitest'
import { raise } from './fake-loop.ts'
import { type Client, World } from './fake-world.ts'

async function publishMany(world: World, room: string, count: number, content = ''): Promise<void> {
  for (let i = 0; i < count; i++) await world.publish(room, content)
}

const offsets = (client: Client): (number | undefined)[] => client.all('chat').map(({ offset }) => offset)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** A member of `room` whose socket took so much that it takes nothing more. */
function slowMember(world: World, ...rooms: readonly string[]): Client {
  const client = world.connect({ slow: true })
  for (const room of rooms) client.join(room)
  while (client.transport.buffered() <= 65_536) client.send({ type: 'auth', token: '', ref: 'r'.repeat(64) })
  world.loop.rest()
  return client
}

describe('a room', () => {
  test('[ROOM-1] [ROOM-3] everyone gets everything, in one order, the sender too', async () => {
    const world = new World()
    const [ann, bob] = [
      world.connect({ user: 'ann', room: 'r' }),
      world.connect({ user: 'bob', joined: true, room: 'r' }),
    ]
    for (let i = 0; i < 10; i++) (i % 2 === 0 ? ann : bob).send({ type: 'chat', content: `${i}` })
    await world.rest()
    expect(ann.all('chat')).toEqual(bob.all('chat'))
    expect(ann.all('chat').map(({ content, from }) => `${from.id}${content}`)).toEqual(
      range(0, 9).map((i) => `${i % 2 === 0 ? 'ann' : 'bob'}${i}`),
    )
    expect(offsets(ann)).toEqual(range(1, 10))
  })

  test('[SUB-3] what a turn brought is one frame for who agreed to batches, one each for the others', async () => {
    const world = new World()
    const [single, joined] = [world.connect({ room: 'r' }), world.connect({ room: 'r', joined: true })]
    await publishMany(world, 'r', 5)
    await world.rest()
    expect(single.transport.frames.slice(2)).toHaveLength(5)
    expect(joined.transport.frames.slice(2)).toHaveLength(1)
    expect(joined.transport.frames[2]).toBe(single.transport.frames.slice(2).join('\n'))
  })

  test('[CONN-5] what several rooms bring in one turn leaves in one write, and in none of it order is lost', async () => {
    const world = new World()
    const [several, one] = [world.connect({ room: 'a' }), world.connect({ room: 'a' })]
    several.join('b')
    several.join('c')
    await world.rest()
    const before = [several, one].map(({ transport }) => transport.writes)
    for (let i = 0; i < 3; i++) for (const room of ['a', 'b', 'c']) await world.publish(room, `${i}`)
    await world.rest()
    expect([several, one].map(({ transport }, i) => transport.writes - (before[i] ?? 0))).toEqual([1, 1])
    for (const room of ['a', 'b', 'c']) {
      expect(
        several
          .all('chat')
          .filter((frame) => frame.room === room)
          .map(({ offset }) => offset),
      ).toEqual([1, 2, 3])
    }
    several.send({ type: 'leave', room: 'b' })
    several.send({ type: 'leave', room: 'c' })
    await world.rest()
    const left = several.transport.writes
    await world.publish('a', 'last')
    await world.rest()
    expect(several.transport.writes - left).toBe(1)
  })

  test('[ROOM-6] a burst of 1,000 in one turn loses nothing for who takes it, though the log holds 100', async () => {
    const world = new World({ logs: { size: 100 } })
    const client = world.connect({ room: 'r' })
    await publishMany(world, 'r', 1000)
    await world.rest()
    expect(offsets(client)).toEqual(range(1, 1000))
    expect(client.all('gap')).toEqual([])
  })

  test('[ROOM-6] nor one of large publications, though the log holds few bytes', async () => {
    const world = new World({ logs: { bytes: 50_000 } })
    const client = world.connect({ room: 'r' })
    await publishMany(world, 'r', 100, 'x'.repeat(20_000))
    await world.rest()
    expect(offsets(client)).toEqual(range(1, 100))
  })

  test('[ROOM-5] a member that fell off gets the exact gap, and goes on from the oldest kept', async () => {
    const world = new World({ logs: { size: 100 } })
    const slow = slowMember(world, 'r')
    await publishMany(world, 'r', 350)
    await world.rest()
    expect(offsets(slow)).toEqual([])
    slow.transport.open()
    await world.rest()
    const stream = slow.take().filter(({ type }) => type === 'gap' || type === 'chat')
    expect(stream[0]).toEqual({ type: 'gap', room: 'r', from: 1, to: 250, missed: 250 })
    expect(offsets(slow)).toEqual(range(251, 350))
    await world.publish('r', 'live again')
    await world.rest()
    expect(offsets(slow)).toEqual(range(251, 351))
    expect(slow.all('gap')).toHaveLength(1)
  })

  test('[CHAT-3] on /chat who falls off by n is closed with that n', async () => {
    const world = new World({ logs: { size: 100 } })
    const [slow, fast] = [world.chat({ slow: true }), world.chat()]
    fast.text('x'.repeat(65_500))
    fast.text('y'.repeat(500))
    world.loop.rest()
    for (let i = 0; i < 130; i++) fast.text(`${i}`)
    world.loop.rest()
    expect(slow.transport.texts).toHaveLength(2)
    slow.transport.open()
    expect(slow.transport.closed).toEqual({ code: 4004, reason: 'lagged 30' })
    expect(fast.transport.texts.slice(2)).toEqual(range(0, 129).map(String))
    expect(world.hub.connections).toBe(1)
  })

  test('[CHAT-1] [CHAT-2] on /chat every text reaches all, the sender too; binary nobody', () => {
    const world = new World()
    const [one, other] = [world.chat(), world.chat({ joined: false })]
    for (const text of ['a', '', '{"type":"ping"}', '😀\n']) one.text(text)
    other.connection.binary(3)
    other.text('b')
    world.loop.rest()
    for (const { transport } of [one, other]) expect(transport.texts).toEqual(['a', '', '{"type":"ping"}', '😀\n', 'b'])
  })

  test('[CONN-4] a slow member is served from the log, the others at once', async () => {
    const world = new World({ logs: { size: 1000 } })
    const fast = world.connect({ room: 'r' })
    const slow = slowMember(world, 'r')
    await publishMany(world, 'r', 60, 'x'.repeat(1000))
    await world.rest()
    expect(offsets(fast)).toEqual(range(1, 60))
    expect(offsets(slow)).toEqual([])
    for (let i = 0; i < 200; i++) slow.transport.take(2000)
    await world.rest()
    expect(offsets(slow)).toEqual(range(1, 60))
    expect(slow.transport.peak).toBeLessThanOrEqual(65_536 + 16_384 + 2000)
  })

  test('[CONN-4] a slow member of several rooms gets about a quantum of each in turn', async () => {
    const world = new World()
    const slow = slowMember(world, 'a', 'b', 'c')
    for (const room of ['a', 'b', 'c']) await publishMany(world, room, 60, 'x'.repeat(1000))
    await world.rest()
    slow.transport.slow = true
    slow.transport.take(slow.transport.buffered() - 65_000)
    const order: string[] = []
    for (let i = 0; i < 400; i++) slow.transport.take(1000)
    for (const { room } of slow.all('chat')) if (order.at(-1) !== room) order.push(room)
    expect(order.slice(0, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    expect(order.length).toBeGreaterThanOrEqual(9)
    for (const room of ['a', 'b', 'c']) {
      expect(slow.all('chat').flatMap((chat) => (chat.room === room ? [chat.offset] : []))).toEqual(range(1, 60))
    }
  })

  test('[ROOM-2] a socket that can not be waited for ends, and takes nothing from the others', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    const slow = slowMember(world, 'r')
    slow.transport.whenDrained = () => raise(new Error('no timers are left'))
    await publishMany(world, 'r', 3)
    await world.rest()
    expect(offsets(client)).toEqual([1, 2, 3])
    expect(slow.transport.closed?.reason).toBe('send_failed')
  })

  test('[ROOM-2] where it can not be noted down how far a room was handed out, it is handed out all the same', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    Object.assign(world.adapter, { handedOut: () => raise(new Error('no rows are left')) })
    await publishMany(world, 'r', 2)
    await world.rest()
    expect(offsets(client)).toEqual([1, 2])
  })

  test('[ROOM-7] a transient message comes in order to who is caught up, and stays nowhere', async () => {
    const world = new World()
    const fast = world.connect({ room: 'r' })
    const slow = slowMember(world, 'r')
    fast.take()
    for (const [content, transient] of [
      ['1', false],
      ['2', true],
      ['3', false],
    ]) {
      fast.send({ type: 'chat', content, ref: `${content}`, transient })
    }
    await world.rest()
    slow.transport.open()
    await world.rest()
    expect(fast.all('ack').map(({ position }) => position?.offset)).toEqual([1, undefined, 2])
    expect(fast.heard()).toEqual(['1', '2', '3'])
    expect(slow.heard()).toEqual(['1', '3'])
    const late = world.connect()
    late.join('r', { history: 10 })
    await world.rest()
    expect(late.heard()).toEqual(['1', '3'])
  })

  test('[ROOM-8] history sends the newest kept ones after joined, whose position lies before them', async () => {
    const world = new World({ logs: { size: 100 } })
    await publishMany(world, 'r', 130)
    for (const [history, from] of [
      [0, 131],
      [1, 130],
      [99, 32],
      [100, 31],
      [1000, 31],
    ] as const) {
      const client = world.connect()
      client.join('r', { history })
      await world.rest()
      expect(client.all('joined')[0]?.position.offset).toBe(from - 1)
      expect(offsets(client)).toEqual(range(from, 130))
      expect(client.all('gap')).toEqual([])
    }
  })

  test('[WS-12] a second join is answered with the position one has', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    await publishMany(world, 'r', 3)
    client.join('r', { ref: 2 })
    await publishMany(world, 'r', 1)
    await world.rest()
    expect(client.all('joined').map(({ position }) => position.offset)).toEqual([0, 3])
    expect(offsets(client)).toEqual([1, 2, 3, 4])
  })

  test('[ROOM-2] nothing of a room comes after left, what came before leave comes before it', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    await publishMany(world, 'r', 2)
    client.send({ type: 'leave', room: 'r' })
    await publishMany(world, 'r', 2)
    await world.rest()
    expect(client.take().map(({ type }) => type)).toEqual(['welcome', 'joined', 'chat', 'chat', 'left'])
  })

  test('[ROOM-9] costs nothing once nobody is in it and its log has expired', async () => {
    const world = new World()
    const client = world.connect({ ping: false, room: 'r' })
    client.send({ type: 'chat', content: 'x', id: 'once' })
    await world.rest()
    client.send({ type: 'leave', room: 'r' })
    expect(world.hub.rooms.size).toBe(0)
    expect(world.adapter.subscribed.size).toBe(0)
    expect(world.adapter.size).toBe(1)
    world.loop.advance(6 * 60_000)
    expect(world.adapter.size).toBe(0)
    expect(world.loop.timers).toBe(0)
  })

  test('[CONN-3] a send that fails ends the connection, its memberships and nothing else', async () => {
    const world = new World()
    const [broken, other] = [world.connect({ room: 'r' }), world.connect({ room: 'r' })]
    broken.join('own')
    broken.transport.broken = true
    await world.publish('r', 'x')
    await world.rest()
    expect(broken.transport.acts).toEqual(['close 4002', 'terminate'])
    expect(world.hub.connections).toBe(1)
    expect(world.hub.rooms.size).toBe(1)
    expect(world.adapter.subscribed).toEqual(new Set(['r']))
    expect(other.heard()).toEqual(['x'])
  })

  test('[CONN-3] a send that fails while it joins frees the room too', () => {
    const world = new World()
    const client = world.connect()
    client.transport.broken = true
    client.join('r')
    world.loop.rest()
    expect(world.hub.connections).toBe(0)
    expect(world.hub.rooms.size).toBe(0)
    expect(world.adapter.subscribed.size).toBe(0)
  })
})
