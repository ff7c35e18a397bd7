import { describe, expect, test } from 'vitest'
import type { Identity } from '../../src/core/hooks.ts'
import { Gate } from './fake-loop.ts'
import { World } from './fake-world.ts'

const S = 1000

describe('heartbeat', () => {
  test('[BEAT-1] a silent peer is pinged after the interval, once', () => {
    const world = new World()
    const { transport } = world.connect()
    world.loop.advance(29 * S - 1)
    expect(transport.pings).toBe(0)
    world.loop.advance(S + 1)
    expect(transport.pings).toBe(1)
    world.loop.advance(9 * S - 1)
    expect(transport.pings).toBe(1)
    expect(transport.isOpen).toBe(true)
  })

  test('[BEAT-2] silent for interval and grace it is dropped, and its memberships end', async () => {
    const world = new World()
    const silent = world.connect()
    silent.join('r')
    world.loop.advance(40 * S)
    expect(silent.transport.acts).toEqual(['ping', 'close 4001', 'terminate'])
    expect(silent.transport.closed).toEqual({ code: 4001, reason: 'heartbeat_timeout' })
    expect(world.hub.connections).toBe(0)
    expect(world.hub.rooms.size).toBe(0)
    await world.publish('r', 'unheard')
    await world.rest()
    expect(silent.transport.late).toEqual([])
  })

  test.each([
    ['a text', 'text'],
    ['a bad text', 'bad'],
    ['a binary frame', 'binary'],
    ['a pong', 'alive'],
  ])('[BEAT-1] %s is a sign of life', (_, what) => {
    const world = new World({ limits: { badFrames: 1000 } })
    const { transport, connection } = world.connect()
    for (let i = 0; i < 20; i++) {
      world.loop.advance(28 * S)
      if (what === 'text') connection.text('{"type":"ping"}')
      else if (what === 'bad') connection.text('{')
      else if (what === 'binary') connection.binary(1)
      else connection.alive()
    }
    expect(transport.pings).toBe(0)
    expect(transport.isOpen).toBe(true)
    world.loop.advance(30 * S)
    expect(transport.pings).toBe(1)
  })

  test('[BEAT-1] a peer that answers pings lives', () => {
    const world = new World()
    const { transport, connection } = world.connect()
    for (let i = 0; i < 600; i++) {
      const { pings } = transport
      world.loop.advance(S)
      if (transport.pings > pings) connection.alive()
    }
    expect(transport.isOpen).toBe(true)
    expect(transport.pings).toBeGreaterThanOrEqual(19)
    expect(transport.pings).toBeLessThanOrEqual(21)
  })

  test('[BEAT-1] with a grace longer than the interval, too, every silence of an interval gets its ping', () => {
    const world = new World({ heartbeat: { interval: 10 * S, grace: 30 * S } })
    const { transport, connection } = world.connect()
    world.loop.advance(10 * S)
    expect(transport.pings).toBe(1)
    connection.alive()
    world.loop.advance(11 * S)
    expect(transport.pings).toBe(2)
  })

  test('[BEAT-2] nothing is sent to a dropped peer after its close', async () => {
    const world = new World()
    const client = world.connect({ room: 'r' })
    world.connect({ room: 'r', ping: false })
    world.loop.advance(39_000)
    expect(client.transport.pings).toBe(1)
    for (let i = 0; i < 30; i++) {
      await world.publish('r', 'in this turn')
      world.loop.advance(100)
    }
    expect(client.transport.closed?.code).toBe(4001)
    expect(client.transport.late).toEqual([])
  })

  test('[HTTP-5] a ping that throws costs nobody else the heartbeat', () => {
    const world = new World()
    const [broken, other] = [world.connect(), world.connect()]
    broken.transport.broken = true
    world.loop.advance(40 * S)
    expect(broken.transport.isOpen).toBe(false)
    expect(other.transport.pings).toBe(1)
    expect(other.transport.closed?.code).toBe(4001)
  })

  test('[BEAT-2] where the runtime pings by itself, the core does nothing and needs no timer', () => {
    const world = new World()
    const { transport } = world.connect({ ping: false })
    expect(world.loop.timers).toBe(0)
    world.loop.advance(3600 * S)
    expect(transport.isOpen).toBe(true)
  })
})

const until = (expires: number, id = 'ann'): Identity => ({ user: { id, name: 'Ann' }, expires })

describe('the end of a token', () => {
  test('[AUTH-6] is warned of once, 30 s before, and closes the connection when it comes', () => {
    const world = new World()
    const client = world.connect({ expires: world.loop.now() + 100 * S, ping: false })
    client.take()
    world.loop.advance(69 * S)
    expect(client.take()).toEqual([])
    world.loop.advance(S)
    expect(client.take()).toMatchObject([{ type: 'error', code: 'token_expiring', retryable: true }])
    world.loop.advance(30 * S - 1)
    expect(client.transport.isOpen).toBe(true)
    world.loop.advance(1)
    expect(client.take()).toEqual([])
    expect(client.transport.closed).toEqual({ code: 4100, reason: 'token_expired' })
    expect(world.loop.timers).toBe(0)
  })

  test('[AUTH-6] [WORKER-1] is warned of once, also where memory is lost after it', async () => {
    const world = new World()
    const expires = world.loop.now() + 40 * S
    const { transport } = world.connect({ expires, ping: false, keep: true })
    world.loop.advance(9 * S)
    await world.rest()
    const before = transport.kept
    world.loop.advance(S)
    await world.rest()
    const after = transport.kept
    for (const [kept, warnings] of [
      [before, 1],
      [after, 0],
    ] as const) {
      if (!kept) throw new Error('nothing was kept')
      const woken = new World({ now: world.loop.now() })
      const client = woken.connect({ expires, kept, ping: false })
      woken.loop.advance(29 * S)
      expect(client.all('error')).toHaveLength(warnings)
      woken.loop.advance(S)
      expect(client.transport.closed?.code).toBe(4100)
    }
  })

  test('[AUTH-6] that is near at the start is warned of after welcome', () => {
    const world = new World()
    const client = world.connect({ expires: world.loop.now() + 5 * S })
    expect(client.take().map(({ type }) => type)).toEqual(['welcome'])
    world.loop.advance(S)
    expect(client.take()).toMatchObject([{ code: 'token_expiring' }])
  })

  test.each([-3600 * S, 3600 * S])('[AUTH-6] is meant by the wall clock, be that ahead by %s ms', (ahead) => {
    const world = new World()
    world.loop.ahead = ahead
    const { transport } = world.connect({ expires: world.loop.wall() + 20 * S, ping: false })
    world.loop.advance(20 * S - 1)
    expect(transport.isOpen).toBe(true)
    world.loop.advance(1)
    expect(transport.closed?.code).toBe(4100)
    expect(world.loop.timers).toBe(0)
  })

  test('[AUTH-6] that the wall clock has jumped over closes the connection at the next look', () => {
    const world = new World()
    const { transport } = world.connect({ expires: world.loop.now() + 3600 * S, keep: true })
    world.loop.ahead = 7200 * S
    world.loop.advance(30 * S)
    expect(transport.closed?.code).toBe(4100)
  })

  test.each([
    ['the runtime pings by itself', { ping: false }, undefined],
    ['peers are rarely pinged', {}, { interval: 24 * 3600 * S, grace: 10 * S }],
  ] as const)(
    '[AUTH-6] that the wall clock has jumped over closes the connection soon, also where %s',
    (_, how, heartbeat) => {
      const world = new World(heartbeat ? { heartbeat } : {})
      const { transport } = world.connect({ expires: world.loop.wall() + 3600 * S, ...how })
      world.loop.ahead = 2 * 3600 * S
      world.loop.advance(60 * S)
      expect(transport.closed).toEqual({ code: 4100, reason: 'token_expired' })
    },
  )

  test('[AUTH-6] closes /echo and /chat without a warning', () => {
    const world = new World()
    const expires = world.loop.now() + 20 * S
    const clients = [world.echo({ expires }), world.chat({ expires })]
    world.loop.advance(19 * S)
    expect(clients.map(({ transport }) => transport.isOpen)).toEqual([true, true])
    world.loop.advance(S)
    expect(clients.map(({ transport }) => transport.closed?.code)).toEqual([4100, 4100])
    expect(clients.flatMap(({ transport }) => transport.texts)).toEqual([])
  })

  test('[AUTH-7] a good token sets the new end, and its warning', async () => {
    const world = new World()
    const begin = world.loop.now()
    const client = world.connect({ expires: begin + 40 * S, authenticate: () => until(begin + 200 * S) })
    world.loop.advance(20 * S)
    client.take()
    client.send({ type: 'auth', token: 'new', ref: 1 })
    await world.rest()
    expect(client.take()).toEqual([{ type: 'ack', ref: 1, expires: begin + 200 * S }])
    for (let i = 0; i < 15; i++) {
      world.loop.advance(10 * S)
      client.connection.alive()
    }
    expect(client.take()).toMatchObject([{ code: 'token_expiring' }])
    world.loop.advance(30 * S)
    expect(client.transport.closed?.code).toBe(4100)
  })

  test('[AUTH-7] a bad token and one of another user change nothing', async () => {
    const world = new World()
    const begin = world.loop.now()
    const client = world.connect({
      expires: begin + 40 * S,
      ping: false,
      authenticate: (token) => (token === 'bob' ? until(begin + 900 * S, 'bob') : undefined),
    })
    client.take()
    client.send({ type: 'auth', token: 'bad', ref: 1 })
    client.send({ type: 'auth', token: 'bob', ref: 2 })
    await world.rest()
    expect(client.take()).toMatchObject([
      { ref: 1, code: 'invalid_token', retryable: false, path: 'token' },
      { ref: 2, code: 'subject_mismatch', retryable: false },
    ])
    world.loop.advance(40 * S)
    expect(client.transport.closed?.code).toBe(4100)
  })

  test('[CONN-2] a renewal that is answered after the connection ended leaves nothing behind', async () => {
    const world = new World()
    const gate = new Gate<Identity>()
    const client = world.connect({ ping: false, authenticate: () => gate.promise })
    client.send({ type: 'auth', token: 'slow', ref: 1 })
    client.die()
    gate.open(until(world.loop.now() + 3600 * S))
    await world.rest()
    expect(world.hub.connections).toBe(0)
    expect(world.loop.timers).toBe(0)
  })
})
