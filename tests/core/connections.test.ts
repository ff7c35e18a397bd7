import { describe, expect, test } from 'vitest'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { World } from './fake-world.ts'

describe('a connection', () => {
  test('[WS-1] is welcomed first, with what binds it', () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    const [welcome, joined] = client.take()
    expect(welcome).toMatchObject({
      type: 'welcome',
      connection: client.connection.id,
      user: { id: 'ann', name: 'ANN' },
      heartbeat: 30_000,
      limits: { message: 65_536, room: 128, rooms: 128, pending: 32 },
    })
    expect(joined).toMatchObject({ type: 'joined', room: 'r', recovered: false, position: { offset: 0 } })
  })

  test('[WS-18] one that names an older session of the same user takes its place', async () => {
    const world = new World()
    const old = world.connect({ room: 'r' })
    const session = old.all('welcome')[0]?.session ?? ''
    const stranger = world.connect({ user: 'bob', session })
    expect(old.transport.isOpen).toBe(true)
    const young = world.connect({ session, room: 'r' })
    expect(old.transport.closed).toEqual({ code: 4501, reason: 'replaced' })
    expect(young.all('welcome')[0]?.session).not.toBe(session)
    await world.publish('r', 'x')
    await world.rest()
    expect([old.heard(), young.heard(), stranger.heard()]).toEqual([[], ['x'], []])
    expect(world.hub.connections).toBe(2)
    world.connect({ session })
    expect(young.transport.isOpen).toBe(true)
  })

  test('[WS-4] ends after 20 bad frames in a row, a good one starts the count again', () => {
    const world = new World()
    const client = world.connect()
    client.take()
    for (let i = 0; i < 19; i++) client.text('{')
    client.send({ type: 'ping' })
    for (let i = 0; i < 19; i++) client.connection.binary(1)
    expect(client.transport.isOpen).toBe(true)
    client.text('{')
    expect(client.transport.closed).toEqual({ code: 4500, reason: 'bad_frames' })
    expect(client.all('error').filter(({ code }) => code === 'binary_unsupported')).toHaveLength(19)
    expect(client.all('error')).toHaveLength(39)
  })

  test('[WS-6] refuses a text above the limit in bytes, and ends above 1 MiB', () => {
    const world = new World({ limits: { message: 100 } })
    const client = world.connect()
    client.take()
    client.text('€'.repeat(34))
    client.text('€'.repeat(33))
    expect(client.take()).toMatchObject([{ code: 'message_too_large' }, { code: 'invalid_json' }])
    client.text('x'.repeat(1024 * 1024))
    expect(client.transport.isOpen).toBe(true)
    client.text('x'.repeat(1024 * 1024 + 1))
    expect(client.transport.closed?.code).toBe(1009)
  })

  test('[CHAT-4] on /chat a text above the limit ends it, and so does a publish above the rate', () => {
    const world = new World({ limits: { message: 10, publishRate: 2 } })
    const [large, often] = [world.chat(), world.chat()]
    large.text('x'.repeat(11))
    for (const text of ['a', 'b', 'c']) often.text(text)
    expect(large.transport.closed?.code).toBe(1009)
    expect(often.transport.closed).toEqual({ code: 4005, reason: 'rate_limited' })
  })

  test('[WS-17] a publish above the rate is refused, the connection lives', () => {
    const world = new World({ limits: { publishRate: 2 } })
    const client = world.connect({ room: 'r' })
    client.take()
    for (const ref of [1, 2, 3]) client.send({ type: 'chat', content: 'x', ref })
    expect(client.take()).toMatchObject([
      { type: 'ack' },
      { type: 'ack' },
      { ref: 3, code: 'rate_limited', retryable: true },
    ])
    world.loop.advance(500)
    client.send({ type: 'chat', content: 'x', ref: 4 })
    expect(client.all('ack')).toHaveLength(3)
  })

  test('[WS-8] [WS-9] [WS-10] [WS-11] says which room can not be meant', () => {
    const world = new World({ limits: { rooms: 2 } })
    const client = world.connect()
    client.take()
    const said = (frame: object): unknown => {
      client.send({ ...frame, ref: 1 })
      return client.take().map((answer) => (answer.type === 'error' ? answer.code : answer.type))[0]
    }
    expect(said({ type: 'chat', content: 'x' })).toBe('not_joined')
    expect(said({ type: 'leave', room: 'a' })).toBe('not_joined')
    for (const room of ['', 'x'.repeat(129), 'a\u0000', '\u0000chat', 'a\nb', '\u0085']) {
      expect(said({ type: 'join', room })).toBe('invalid_room')
    }
    expect(said({ type: 'join', room: '😀'.repeat(64) })).toBe('joined')
    expect(said({ type: 'join', room: 'b' })).toBe('joined')
    expect(said({ type: 'join', room: 'c' })).toBe('too_many_rooms')
    expect(said({ type: 'join', room: 'b' })).toBe('joined')
    expect(said({ type: 'chat', content: 'x' })).toBe('room_required')
    expect(said({ type: 'chat', content: 'x', room: 'c' })).toBe('not_joined')
    expect(said({ type: 'leave', room: 'b' })).toBe('left')
    expect(said({ type: 'chat', content: 'x' })).toBe('ack')
    expect(said({ type: 'join', room: 'c' })).toBe('joined')
  })

  test('[WS-7] no reply to a publish without a ref; 0 is a ref', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    client.take()
    client.send({ type: 'chat', content: 'x' })
    client.send({ type: 'event', room: 'r', name: 'n', data: { a: [1] }, ref: 0, id: 'mine' })
    await world.rest()
    const [ack, ...rest] = client.take()
    expect(ack).toMatchObject({ type: 'ack', ref: 0, room: 'r', duplicate: false, position: { offset: 2 } })
    expect(rest).toMatchObject([{ content: 'x' }, { name: 'n', data: { a: [1] }, clientId: 'mine' }])
  })

  test('[ROOM-10] a publish that is sent again is there once', async () => {
    const world = new World()
    const [ann, bob] = [world.connect({ room: 'r' }), world.connect({ user: 'bob', room: 'r' })]
    ann.take()
    const said = (client: typeof ann, content: string, more: object = {}): ServerFrame | undefined => {
      client.send({ type: 'chat', content, id: 'one', ref: 1, ...more })
      return client.take().find(({ type }) => type === 'ack' || type === 'error')
    }
    const first = said(ann, 'x')
    expect(first).toMatchObject({ duplicate: false, position: { offset: 1 } })
    expect(said(ann, 'x', { age: 500 })).toEqual({ ...first, duplicate: true })
    expect(said(ann, 'y')).toMatchObject({ code: 'id_reused' })
    expect(said(bob, 'x')).toMatchObject({ duplicate: false, position: { offset: 2 } })
    expect(said(ann, 'z', { id: 'old', age: 300_001 })).toMatchObject({ code: 'outcome_unknown' })
    await world.rest()
    expect(bob.all('chat')).toHaveLength(2)
  })

  test('[DRAIN-1] every client is told when to connect again, spread over the window', async () => {
    const world = new World()
    const clients = Array.from({ length: 5 }, () => world.connect({ room: 'r' }))
    const [echo, chat] = [world.echo(), world.chat()]
    await world.publish('r', 'the last')
    await world.hub.drain(1000)
    expect(world.hub.isDraining).toBe(true)
    const told = clients.flatMap((client) => client.all('drain').map(({ reconnectAfter }) => reconnectAfter))
    expect(told).toHaveLength(5)
    expect(Math.min(...told)).toBe(0)
    expect(Math.max(...told)).toBeLessThan(5000)
    expect(new Set(told).size).toBe(5)
    expect(clients.map((client) => client.heard())).toEqual(clients.map(() => ['the last']))
    await world.hub.close()
    for (const { transport } of [...clients, echo, chat])
      expect(transport.closed).toEqual({ code: 4000, reason: 'going_away' })
    expect([...echo.transport.texts, ...chat.transport.texts]).toEqual([])
    expect([world.hub.connections, world.hub.rooms.size, world.loop.timers]).toEqual([0, 0, 0])
  })

  test('[DRAIN-1] waits for a peer that takes its time, as long as it was told to', async () => {
    const world = new World()
    const slow = world.connect({ slow: true })
    let done = false
    const drained = world.hub.drain(1000).then(() => {
      done = true
    })
    for (let i = 0; i < 49; i++) {
      world.loop.advance(20)
      await world.rest()
    }
    expect(done).toBe(false)
    slow.transport.open()
    world.loop.advance(20)
    await drained
    expect(slow.all('drain')).toHaveLength(1)
  })
})
