import { describe, expect, test } from 'vitest'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { type Client, World } from './fake-world.ts'

async function publishMany(world: World, room: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.publish(room, `${i}`)
}

/** A room's stream, in short: `+5` is a publication, `reset 0` and `gap 3-5` are what they say. */
const stream = (frames: readonly ServerFrame[]): string[] =>
  frames.flatMap((frame) => {
    if (frame.type === 'chat') return [`+${frame.offset}`]
    if (frame.type === 'reset') return [`reset ${frame.position.offset}`]
    if (frame.type === 'gap') return [`gap ${frame.from}-${frame.to}`]
    return frame.type === 'joined' ? [`joined ${frame.position.offset}`] : []
  })

/** A member with the socket full, at offset 0 of the room. */
function slowMember(world: World): Client {
  const client = world.connect({ slow: true, room: 'r' })
  while (client.transport.buffered() <= 65_536) client.send({ type: 'auth', token: '', ref: 'r'.repeat(64) })
  world.loop.rest()
  return client
}

describe('a log that is another one', () => {
  test('[ROOM-2] live members are told at once, lagging ones when they read', async () => {
    const world = new World()
    const live = world.connect({ room: 'r' })
    const lagging = slowMember(world)
    await publishMany(world, 'r', 3)
    await world.rest()
    world.adapter.newEpoch()
    await publishMany(world, 'r', 2)
    await world.rest()
    expect(stream(live.take())).toEqual(['joined 0', '+1', '+2', '+3', 'reset 0', '+1', '+2'])
    expect(live.all('reset')[0]?.position.epoch).not.toBe(live.all('joined')[0]?.position.epoch)
    expect(stream(lagging.take())).toEqual(['joined 0'])
    lagging.transport.open()
    await world.rest()
    expect(stream(lagging.take())).toEqual(['reset 0', '+1', '+2'])
    expect(lagging.all('reset')).toEqual(live.all('reset'))
  })

  test('[ROOM-2] an answer from before the new epoch does not bring the old one back', async () => {
    const world = new World({ logs: { size: 4 } })
    const [live, reader] = [world.connect({ room: 'r' }), slowMember(world)]
    await publishMany(world, 'r', 10)
    await world.rest()
    world.adapter.delays = (call) => call === 'history'
    reader.transport.open()
    world.adapter.newEpoch()
    await publishMany(world, 'r', 1)
    await world.rest()
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    await publishMany(world, 'r', 1)
    await world.rest()
    expect(stream(live.take()).slice(-3)).toEqual(['reset 0', '+1', '+2'])
    expect(live.all('reset')).toHaveLength(1)
    expect(reader.all('reset')).toEqual(live.all('reset'))
    expect(stream(reader.take()).slice(-2)).toEqual(['+1', '+2'])
  })

  test('[ROOM-2] a join whose history is read while the epoch changes begins in the log that follows', async () => {
    const world = new World()
    const client = world.connect()
    await publishMany(world, 'r', 10)
    const other = world.connect({ room: 'r' })
    world.adapter.delays = (call) => call === 'history'
    client.join('r', { history: 5 })
    world.adapter.newEpoch()
    await publishMany(world, 'r', 3)
    await world.rest()
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    await publishMany(world, 'r', 1)
    await world.rest()
    const { epoch } = other.all('reset')[0]?.position ?? { epoch: undefined }
    const starts = [...client.all('joined'), ...client.all('reset')]
    expect(starts.at(-1)?.position.epoch).toBe(epoch)
    expect(stream(client.take()).at(-1)).toBe('+4')
  })

  test.each([0, 1, 2, 3, 4, 5, 6])(
    '[ROOM-2] nor when it changes %d promises after the history was read',
    async (promises) => {
      const world = new World()
      const client = world.connect()
      const other = world.connect({ room: 'r' })
      world.adapter.delays = (call) => call === 'history'
      client.join('r', { history: 5 })
      world.adapter.release()
      for (let i = 0; i < promises; i++) await Promise.resolve()
      world.adapter.newEpoch()
      await publishMany(world, 'r', 1)
      world.adapter.delays = () => false
      world.adapter.release()
      await world.rest()
      const starts = [...client.all('joined'), ...client.all('reset')]
      expect(starts.at(-1)?.position).toEqual(other.all('reset')[0]?.position)
      expect(stream(client.take()).at(-1)).toBe('+1')
    },
  )

  test('[WS-12] a second join of a lagging member is answered with a position of the log it was in', async () => {
    const world = new World()
    const lagging = slowMember(world)
    await publishMany(world, 'r', 5)
    world.loop.rest()
    const begin = lagging.all('joined')[0]?.position
    world.adapter.newEpoch()
    await publishMany(world, 'r', 1)
    lagging.join('r', { ref: 9 })
    lagging.transport.open()
    await world.rest()
    expect(lagging.all('joined').at(-1)?.position).toEqual(begin)
    expect(stream(lagging.take()).slice(-2)).toEqual(['reset 0', '+1'])
  })

  test('[ROOM-2] a reset does not overtake an answer that waits for the socket', async () => {
    const world = new World()
    const slow = slowMember(world)
    slow.join('r', { ref: 9 })
    world.adapter.newEpoch()
    await publishMany(world, 'r', 1)
    world.loop.rest()
    slow.transport.open()
    await world.rest()
    expect(stream(slow.take())).toEqual(['joined 0', 'joined 0', 'reset 0', '+1'])
  })

  test('[CHAT-3] sockets on /chat can not be told, and are closed', async () => {
    const world = new World()
    const chat = world.chat()
    chat.text('a')
    world.adapter.newEpoch()
    chat.text('b')
    world.loop.rest()
    expect(chat.transport.texts).toEqual(['a'])
    expect(chat.transport.closed).toEqual({ code: 4006, reason: 'unavailable' })
    expect(world.hub.rooms.size).toBe(0)
  })
})

describe('announcements that go wrong', () => {
  test('[ROOM-1] lost ones are filled from the history, in order', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    await publishMany(world, 'r', 2)
    world.adapter.carry = () => {}
    await publishMany(world, 'r', 3)
    world.adapter.carry = (announce) => announce()
    await publishMany(world, 'r', 2)
    await world.rest()
    expect(stream(client.take())).toEqual(['joined 0', '+1', '+2', '+3', '+4', '+5', '+6', '+7'])
  })

  test('[ROOM-5] lost ones that the history has no more are an exact gap', async () => {
    const world = new World({ logs: { size: 5 } })
    const client = world.connect({ room: 'r' })
    world.adapter.carry = () => {}
    await publishMany(world, 'r', 10)
    world.adapter.carry = (announce) => announce()
    await publishMany(world, 'r', 1)
    await world.rest()
    expect(stream(client.take())).toEqual(['joined 0', 'gap 1-6', '+7', '+8', '+9', '+10', '+11'])
  })

  test('[ROOM-5] what can still be read when a loss is noticed is no gap, though the history has it no more later', async () => {
    const world = new World({ engineLogs: { size: 2 } })
    const client = slowMember(world)
    world.adapter.carry = () => {}
    await publishMany(world, 'r', 3)
    world.adapter.carry = (announce) => announce()
    await publishMany(world, 'r', 4)
    await world.rest()
    client.transport.open()
    await world.rest()
    expect(stream(client.take())).toEqual(['joined 0', 'gap 1-2', '+3', '+4', '+5', '+6', '+7'])
  })

  test('[ROOM-1] a history that answers late or fails holds up only the filling', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    world.adapter.carry = () => {}
    await publishMany(world, 'r', 2)
    world.adapter.carry = (announce) => announce()
    const failures = [new Error('down'), new Error('down')]
    world.adapter.fails = (call) => (call === 'history' ? failures.shift() : undefined)
    world.adapter.delays = (call) => call === 'history'
    await publishMany(world, 'r', 2)
    for (let i = 0; i < 5; i++) {
      await world.rest()
      world.adapter.release()
      await world.rest()
      client.send({ type: 'ping', ref: i })
      world.loop.advance(1000)
    }
    expect(stream(client.take())).toEqual(['joined 0', '+1', '+2', '+3', '+4'])
    expect(client.all('pong')).toHaveLength(5)
    expect(world.log.lines.filter((line) => line.startsWith('warn: reading the log'))).toHaveLength(2)
  })

  test('[ROOM-1] repeated and reordered ones change nothing', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    world.adapter.carry = (announce) => {
      announce()
      announce()
    }
    await publishMany(world, 'r', 2)
    const held: (() => void)[] = []
    world.adapter.carry = (announce) => void held.push(announce)
    await publishMany(world, 'r', 4)
    for (const announce of held.reverse()) announce()
    await world.rest()
    expect(stream(client.take())).toEqual(['joined 0', '+1', '+2', '+3', '+4', '+5', '+6'])
  })
})
