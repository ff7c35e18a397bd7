import { describe, expect, test } from 'vitest'
import { CATCH_UP_BYTES } from '../../src/core/pace.ts'
import { type Client, World } from './fake-world.ts'

/** An application's own idea of a promise. */
class Yes implements PromiseLike<boolean> {
  // biome-ignore lint/suspicious/noThenProperty: a thenable that is no Promise is what this is about
  then<TResult1 = boolean, TResult2 = never>(
    done?: ((value: boolean) => TResult1 | PromiseLike<TResult1>) | null,
    failed?: ((reason: unknown) => TResult2 | PromiseLike<TResult2>) | null,
  ): PromiseLike<TResult1 | TResult2> {
    return Promise.resolve(true).then(done, failed)
  }
}

const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

describe('[ROOM-14] an adapter that does not answer', () => {
  test('a join is answered with unavailable in time, and leaves nothing behind when the answer comes after all', async () => {
    const world = new World()
    const client = world.connect({ ping: false })
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r', { ref: 1 })
    client.send({ type: 'chat', room: 'r', content: 'x', ref: 2 })
    world.loop.advance(9_900)
    await world.rest()
    expect(client.all('error')).toEqual([])
    world.loop.advance(200)
    await world.rest()
    expect(client.all('error')).toMatchObject([
      { ref: 1, code: 'unavailable', retryable: true },
      { ref: 2, code: 'not_joined' },
    ])
    world.adapter.release()
    await world.rest()
    expect([world.hub.rooms.size, world.adapter.subscribed.size]).toEqual([0, 0])
    expect(client.transport.isOpen).toBe(true)
  })

  test('and a room that was not opened in time is opened anew for who comes then', async () => {
    const world = new World()
    const [first, second] = [world.connect({ ping: false }), world.connect({ ping: false })]
    world.adapter.delays = (call) => call === 'subscribe'
    first.join('r', { ref: 1 })
    world.loop.advance(10_100)
    await world.rest()
    await world.publish('r', '1')
    second.join('r', { ref: 2 })
    world.adapter.release(1)
    await world.rest()
    expect(second.all('joined')).toEqual([])
    await world.publish('r', '2')
    world.adapter.release()
    await world.rest()
    expect(second.all('joined')).toMatchObject([{ ref: 2, position: { offset: 2 } }])
    await world.publish('r', '3')
    await world.rest()
    expect(second.heard()).toEqual(['3'])
    second.send({ type: 'leave', room: 'r' })
    expect([world.hub.rooms.size, world.adapter.subscribed.size]).toEqual([0, 0])
    expect(world.adapter.calls.filter((call) => !call.startsWith('publish'))).toEqual([
      'subscribe r',
      'unsubscribe r',
      'subscribe r',
      'unsubscribe r',
    ])
  })

  test('nor does one whose start can not be read', async () => {
    const world = new World({ logs: { size: 2 }, engineLogs: { size: 9 } })
    const client = world.connect({ ping: false })
    for (let i = 0; i < 5; i++) await world.publish('r', 'x')
    world.adapter.delays = (call) => call === 'history'
    client.join('r', { history: 5, ref: 1 })
    world.loop.advance(10_100)
    await world.rest()
    expect(client.all('error')).toMatchObject([{ ref: 1, code: 'unavailable' }])
    expect(world.hub.rooms.size).toBe(0)
  })

  test('a publish is answered with unavailable, and can be sent again with its id', async () => {
    const world = new World()
    const client = world.connect({ ping: false, room: 'r' })
    world.adapter.delays = (call) => call === 'publish'
    client.send({ type: 'chat', content: 'x', id: 'one', ref: 1 })
    world.loop.advance(10_100)
    await world.rest()
    world.adapter.delays = () => false
    client.send({ type: 'chat', content: 'x', id: 'one', age: 10_100, ref: 2 })
    await world.rest()
    expect(client.all('error')).toMatchObject([{ ref: 1, code: 'unavailable', retryable: true }])
    expect(client.all('ack')).toMatchObject([{ ref: 2, duplicate: true, position: { offset: 1 } }])
  })

  test('pings are answered meanwhile, and other rooms go on', async () => {
    const world = new World()
    const client = world.connect({ ping: false, room: 'other' })
    world.adapter.delays = (_, room) => room === 'r'
    client.join('r', { ref: 1 })
    client.send({ type: 'ping' })
    client.send({ type: 'chat', room: 'other', content: 'x' })
    await world.rest()
    expect(client.all('pong')).toHaveLength(1)
    expect(client.all('chat')).toHaveLength(1)
  })

  test('a join is answered when the log was read for it, however many come meanwhile and want to know', async () => {
    const world = new World()
    world.connect({ ping: false, room: 'r' })
    world.adapter.delays = (call) => call === 'history'
    const crowd = oneTo(6).map(() => world.connect({ ping: false }))
    for (const [before, client] of crowd.entries()) {
      client.join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
      if (before > 0) world.adapter.release(1)
      await world.rest()
      expect(crowd.filter((each) => each.all('joined').length === 1)).toHaveLength(before)
    }
  })

  test('[ROOM-3] a room waits for no log that somebody only asks about, and goes on where that is not read in time', async () => {
    const world = new World()
    const member = world.connect({ ping: false, room: 'r' })
    const other = world.connect({ ping: false })
    await world.publish('r', '1')
    await world.rest()
    world.adapter.delays = (call) => call === 'history'
    other.join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' }, ref: 1 })
    await world.publish('r', '2')
    await world.rest()
    expect(member.heard()).toEqual(['1', '2'])
    world.loop.advance(10_100)
    await world.rest()
    expect(other.all('error')).toMatchObject([{ ref: 1, code: 'unavailable', retryable: true }])
    await world.publish('r', '3')
    await world.rest()
    expect(member.heard()).toEqual(['3'])
    world.adapter.release()
    await world.publish('r', '4')
    await world.rest()
    expect(member.heard()).toEqual(['4'])
  })

  test('[ROOM-3] nor where more is announced meanwhile than could be held', async () => {
    const world = new World({ logs: { size: 2000 } })
    const member = world.connect({ ping: false, room: 'r' })
    const other = world.connect({ ping: false })
    world.adapter.delays = (call) => call === 'history'
    other.join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' }, ref: 1 })
    for (const n of oneTo(1030)) await world.publish('r', `${n}`)
    await world.rest()
    expect(offsets(member)).toEqual(oneTo(1030))
    world.adapter.release()
    await world.rest()
    await world.publish('r', 'more')
    await world.rest()
    expect(offsets(member)).toEqual(oneTo(1031))
    expect(other.all('joined')).toMatchObject([{ ref: 1, recovered: false, position: { offset: 1030 } }])
  })

  test('[ROOM-12] but not while something is missing: then the log is asked for again', async () => {
    const world = new World()
    const member = world.connect({ ping: false, room: 'r' })
    world.adapter.delays = (call) => call === 'history'
    world.adapter.carry = () => {}
    await world.publish('r', '1')
    world.adapter.carry = (announce) => announce()
    await world.publish('r', '2')
    world.loop.advance(10_100)
    await world.rest()
    await world.publish('r', '3')
    await world.rest()
    expect(member.heard()).toEqual([])
    world.adapter.delays = () => false
    world.loop.advance(1000)
    await world.rest()
    expect(member.heard()).toEqual(['1', '2', '3'])
    world.adapter.release()
    await world.rest()
    expect(member.take()).toEqual([])
  })

  test('[ROOM-12] where something is missing, what could not be held is read as well', async () => {
    const world = new World({ logs: { size: 2000 } })
    const member = world.connect({ ping: false, room: 'r' })
    world.adapter.delays = (call) => call === 'history'
    world.adapter.carry = () => {}
    await world.publish('r', 'lost')
    world.adapter.carry = (announce) => announce()
    for (let i = 2; i <= 1030; i++) await world.publish('r', `${i}`)
    world.loop.advance(10_100)
    await world.rest()
    world.adapter.delays = () => false
    world.loop.advance(1000)
    await world.rest()
    expect(offsets(member)).toEqual(oneTo(1030))
  })

  test('[WS-14] a hook that does not answer is answered for, a thenable is waited for', async () => {
    const world = new World({
      hooks: {
        join: ({ room }) => (room === 'never' ? new Promise(() => {}) : new Yes()),
      },
    })
    const client = world.connect({ ping: false })
    client.join('never', { ref: 1 })
    client.join('then', { ref: 2 })
    await world.rest()
    world.loop.advance(10_100)
    await world.rest()
    expect(client.all('joined')).toMatchObject([{ ref: 2, room: 'then' }])
    expect(client.all('error')).toMatchObject([{ ref: 1, code: 'unavailable' }])
  })
})

describe('catching up', () => {
  test('[CONN-2] a connection with many rooms to catch up in has one page read at a time', async () => {
    const world = new World({ logs: { size: 4 }, engineLogs: { size: 50 } })
    const client = world.connect({ ping: false })
    const rooms = oneTo(20).map((n) => `r${n}`)
    await fill(world, rooms)
    world.adapter.delays = (call) => call === 'history'
    for (const room of rooms) client.join(room, { history: 10 })
    for (let i = 0; i < 60; i++) {
      expect(world.adapter.delayed.filter(({ call }) => call === 'history').length).toBeLessThanOrEqual(20)
      world.adapter.release()
      await world.rest()
      if (i > 2) expect(world.adapter.delayed.length).toBeLessThanOrEqual(1)
    }
    for (const room of rooms) {
      expect(client.all('chat').filter((frame) => frame.room === room)).toHaveLength(10)
    }
  })

  test('[CONN-2] nobody waits for the place for reading who could have it', async () => {
    const world = new World({ logs: { size: 4 }, engineLogs: { size: 50 } })
    const client = world.connect({ ping: false })
    const rooms = ['a', 'b', 'c', 'd']
    await fill(world, rooms)
    for (const room of rooms) client.join(room)
    client.take()
    const reader = world.connect({ ping: false })
    world.adapter.delays = (call) => call === 'history'
    for (const room of rooms) reader.join(room, { history: 10 })
    world.adapter.release()
    await world.rest()
    // Those that wait need to read no more: their logs are others now, which the hub has.
    world.adapter.newEpoch()
    for (const room of ['b', 'c']) await world.publish(room, 'new')
    world.adapter.delays = () => false
    for (let i = 0; i < 5; i++) {
      world.adapter.release()
      await world.rest()
    }
    for (const room of rooms) await world.publish(room, 'last')
    await world.rest()
    expect(rooms.map((room) => lastOf(reader, room))).toEqual(['last', 'last', 'last', 'last'])
  })

  test('[ROOM-14] a page that does not come is asked for again, and keeps the place for reading no longer', async () => {
    const world = new World({ logs: { size: 4 }, engineLogs: { size: 50 } })
    const reader = world.connect({ ping: false })
    await fill(world, ['a', 'b'])
    world.adapter.delays = (call) => call === 'history'
    for (const room of ['a', 'b']) reader.join(room, { history: 10 })
    world.adapter.release()
    await world.rest()
    expect(world.adapter.delayed).toHaveLength(1)
    world.adapter.delays = () => false
    for (let i = 0; i < 2; i++) {
      world.loop.advance(10_100)
      await world.rest()
    }
    const heard = (): number[] =>
      ['a', 'b'].map((room) => reader.all('chat').filter((chat) => chat.room === room).length)
    expect(heard()).toEqual([10, 10])
    world.adapter.release()
    await world.rest()
    expect(heard()).toEqual([10, 10])
  })

  test('[CONN-2] a page that comes when the socket is full waits in its place', async () => {
    const world = new World({ logs: { size: 4 }, engineLogs: { size: 50 } })
    const client = world.connect({ ping: false, slow: true })
    for (let i = 0; i < 40; i++) await world.publish('r', `${i}`.padEnd(20_000))
    world.adapter.delays = (call) => call === 'history'
    client.join('r', { history: 40 })
    world.adapter.release()
    await world.rest()
    client.send({ type: 'x'.repeat(50_000) })
    client.text(`"${'x'.repeat(60_000)}"`)
    while (client.transport.buffered() <= 65_536) client.send({ type: 'auth', token: '', ref: 'r'.repeat(64) })
    const before = client.transport.buffered()
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    expect(client.transport.buffered()).toBe(before)
    client.transport.open()
    await world.rest()
    expect(client.all('chat').map(({ offset }) => offset)).toEqual(oneTo(40))
  })

  test('[ROOM-5] what was published after a read began, and is gone from the hub already, is no gap', async () => {
    const world = new World({ logs: { size: 1 }, engineLogs: { size: 3 } })
    const client = world.connect({ ping: false, slow: true })
    client.join('r')
    client.send({ type: 'x'.repeat(50_000) })
    client.text(`"${'x'.repeat(60_000)}"`)
    while (client.transport.buffered() <= 65_536) client.send({ type: 'auth', token: '', ref: 'r'.repeat(64) })
    world.loop.rest()
    for (let i = 1; i <= 6; i++) await world.publish('r', `${i}`)
    await world.rest()
    world.adapter.delays = (call) => call === 'history'
    client.transport.open()
    await world.rest()
    for (let i = 7; i <= 9; i++) await world.publish('r', `${i}`)
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    expect(client.all('gap')).toMatchObject([{ from: 1, to: 3 }])
    expect(client.all('chat').map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9])
  })

  test('[CONN-4] many that catch up at once leave turns for the others', async () => {
    const world = new World({ logs: { size: 1000 } })
    const slow = oneTo(100).map(() => world.connect({ slow: true, room: 'r', ping: false }))
    for (let i = 0; i < 20; i++) {
      await world.publish('r', 'x'.repeat(30_000))
      await world.rest()
    }
    const sent = (): number => slow.reduce((sum, { transport }) => sum + lengthOf(transport.texts), 0)
    let before = sent()
    let most = 0
    for (const { transport } of slow) transport.open()
    for (let i = 0; i < 200; i++) {
      most = Math.max(most, sent() - before)
      before = sent()
      world.loop.turn()
    }
    expect(most).toBeLessThan(CATCH_UP_BYTES * 1.5)
    for (const client of slow) expect(offsets(client)).toEqual(oneTo(20))
  })
})

const offsets = (client: Client): unknown[] => client.all('chat').map(({ offset }) => offset)

async function fill(world: World, rooms: readonly string[]): Promise<void> {
  for (const room of rooms) for (let i = 0; i < 10; i++) await world.publish(room, `${i}`)
}

const lastOf = (client: Client, room: string): string | undefined =>
  client.all('chat').findLast((frame) => frame.room === room)?.content

const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0)
