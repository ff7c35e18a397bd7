import { describe, expect, test } from 'vitest'
import { Gate } from './fake-loop.ts'
import { type Client, type ClientOptions, World } from './fake-world.ts'

/** A world whose `publish` hook answers when the gate opens; the client is in room `r`. */
async function slowHook(options: ClientOptions): Promise<{ world: World; client: Client; gate: Gate<boolean> }> {
  const gate = new Gate<boolean>()
  const world = new World({ hooks: { publish: ({ room }) => (room === 'r' ? gate.promise : true) } })
  const client = world.connect(options)
  client.join('r')
  await world.rest()
  client.take()
  return { world, client, gate }
}

function publish(client: Client, count: number, content = 'hello'): void {
  for (let ref = 1; ref <= count; ref++) client.send({ type: 'chat', room: 'r', content, ref })
}

const refs = (client: Client): unknown[] => client.all('ack').map(({ ref }) => ref)
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

describe('[WS-15] 32 requests are pending at most', () => {
  test('then 16 KiB more are held, reading stops, and goes on when they are answered', async () => {
    const { world, client, gate } = await slowHook({})
    publish(client, 32)
    expect(client.transport.isPaused).toBe(false)
    publish(client, 2, 'x'.repeat(8192))
    expect(client.transport.isPaused).toBe(true)
    client.send({ type: 'ping', ref: 'late' })
    await world.rest()
    expect(client.take()).toEqual([])
    gate.open(true)
    await world.rest()
    expect(client.transport.acts).toEqual(['pause', 'resume'])
    expect(refs(client)).toEqual([...oneTo(32), 1, 2])
    expect(client.all('pong')).toEqual([{ type: 'pong', ref: 'late' }])
    expect(client.connection.inbox.waiting).toBe(0)
  })

  test('fewer where they are large, and reading can stop: what waits for a hook is bounded too', async () => {
    const { world, client, gate } = await slowHook({})
    publish(client, 32, 'x'.repeat(60_000))
    await world.rest()
    expect(client.connection.inbox.waiting).toBeLessThan(8)
    expect(client.transport.isPaused).toBe(true)
    gate.open(true)
    for (let turns = 0; turns < 4; turns++) await world.rest()
    expect(refs(client)).toEqual(oneTo(32))
    expect(client.transport.isPaused).toBe(false)
  })

  test('one request is taken on, however large it is', async () => {
    const world = new World({ limits: { message: 1024 * 1024 }, hooks: { publish: async () => true } })
    const client = world.connect({ room: 'r' })
    publish(client, 3, 'x'.repeat(1_000_000))
    await world.rest()
    expect(refs(client)).toEqual(oneTo(3))
  })

  test('where reading can not stop, all 32 are taken on', async () => {
    const { world, client, gate } = await slowHook({ pause: false })
    publish(client, 32, 'x'.repeat(60_000))
    gate.open(true)
    await world.rest()
    expect(refs(client)).toEqual(oneTo(32))
  })

  test('[ECHO-4] what the read under way brings is held too, however many frames it is', async () => {
    const { client, gate, world } = await slowHook({})
    const count = 4_000
    for (let ref = 1; ref <= count; ref++) client.transport.hear(`{"type":"chat","room":"r","content":"","ref":${ref}}`)
    gate.open(true)
    await world.rest()
    expect(client.transport.acts).toEqual(['pause', 'resume'])
    expect(refs(client)).toEqual(oneTo(count))
    expect(client.connection.inbox.waiting).toBe(0)
  })

  test('[ECHO-4] frames above 256 KiB are held back as others are', async () => {
    const world = new World()
    const client = world.echo({ slow: true })
    const { transport } = client
    for (let at = 0; at < 40; at++) client.text('x'.repeat(300_000))
    expect(transport.isPaused).toBe(true)
    transport.open()
    await world.rest()
    expect(transport.closed).toBeUndefined()
    expect(transport.texts).toHaveLength(40)
  })

  test('[WS-13] a ping does not wait for them', async () => {
    const { client } = await slowHook({})
    publish(client, 40)
    client.send({ type: 'ping', ref: 'now' })
    client.text('{ "type": "ping" }')
    expect(client.take()).toEqual([{ type: 'pong', ref: 'now' }, { type: 'pong' }])
  })

  test('[WS-13] what only looks like a ping waits in its place', async () => {
    const { world, client, gate } = await slowHook({})
    publish(client, 32)
    client.send({ type: 'event', room: 'r', name: '"ping"', data: 'ping', ref: 'e' })
    client.text('"ping"')
    client.text('{"type":"ping","ref":{}}')
    expect(client.take()).toEqual([])
    gate.open(true)
    await world.rest()
    expect(client.all('error').map(({ code }) => code)).toEqual(['invalid_frame', 'invalid_frame'])
  })

  test('[WS-5] a binary frame waits in its place, too', async () => {
    const { world, client, gate } = await slowHook({})
    publish(client, 33)
    client.connection.binary(3)
    expect(client.take()).toEqual([])
    gate.open(true)
    await world.rest()
    expect(client.all('ack')).toHaveLength(33)
    expect(client.all('error').map(({ code }) => code)).toEqual(['binary_unsupported'])
  })

  test('[BEAT-2] a peer that is not read is not taken for a silent one, nor right afterwards', async () => {
    const gate = new Gate<boolean>()
    const world = new World({ hooks: { publish: () => gate.promise }, limits: { request: 300_000 } })
    const client = world.connect({ room: 'r' })
    publish(client, 32, 'x'.repeat(1024))
    publish(client, 32, 'x'.repeat(1024))
    expect(client.transport.isPaused).toBe(true)
    world.loop.advance(200_000)
    expect(client.transport.isOpen).toBe(true)
    gate.open(true)
    await world.rest()
    world.loop.advance(29_000)
    expect(client.transport.isOpen).toBe(true)
    world.loop.advance(12_000)
    expect(client.transport.closed?.code).toBe(4001)
  })

  test('[BEAT-2] one that is not read because it takes nothing itself is dropped', async () => {
    const world = new World()
    const client = world.connect({ room: 'r', slow: true })
    for (let i = 0; i < 3; i++) await world.publish('r', 'x'.repeat(40_000))
    await world.rest()
    for (let ref = 1; ref <= 40; ref++) client.send({ type: 'history', room: 'r', ref })
    publish(client, 40, 'x'.repeat(1024))
    await world.rest()
    expect(client.transport.isPaused).toBe(true)
    world.loop.advance(60_000)
    await world.rest()
    expect(client.transport.closed?.code).toBe(4001)
    expect(world.hub.connections).toBe(0)
  })

  test('what had been read already is held and handled in order', async () => {
    const { world, client, gate } = await slowHook({})
    for (let ref = 1; ref <= 100; ref++) {
      client.connection.text(JSON.stringify({ type: 'chat', room: 'r', content: `${ref}`, ref }))
    }
    gate.open(true)
    await world.rest()
    expect(refs(client)).toEqual(oneTo(100))
    expect(client.all('chat').map(({ content, offset }) => [Number(content), offset])).toEqual(
      oneTo(100).map((n) => [n, n]),
    )
  })

  test('where reading can not stop, input is held to 256 KiB, and beyond that the connection ends with 4003', async () => {
    const { world, client, gate } = await slowHook({ pause: false })
    publish(client, 32)
    const kib = JSON.stringify({ type: 'chat', room: 'r', content: '' }).padEnd(1024)
    for (let i = 0; i < 230; i++) client.text(kib)
    expect(client.transport.isOpen).toBe(true)
    for (let i = 230; i <= 256; i++) client.text(kib)
    expect(client.transport.closed).toEqual({ code: 4003, reason: 'overloaded' })
    gate.open(true)
    await world.rest()
    expect(world.hub.connections).toBe(0)
    expect(world.hub.rooms.size).toBe(0)
    expect(client.transport.late).toEqual([])
  })

  test('[CONN-2] empty frames are not held without end either', async () => {
    const { client } = await slowHook({ pause: false })
    publish(client, 32)
    for (let i = 0; i < 300_000; i++) client.text('')
    expect(client.transport.closed?.code).toBe(4003)
  })

  test('[ECHO-4] an echo peer that does not read has 32 replies waiting, then is not read', async () => {
    const world = new World()
    const echo = world.echo({ slow: true })
    const big = 'x'.repeat(65_537)
    echo.text(big)
    world.loop.rest()
    const texts = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(2000))
    for (const text of texts) echo.text(text)
    expect(echo.transport.texts).toEqual([big])
    expect(echo.connection.outbox.unflushed).toBe(32)
    expect(echo.transport.isPaused).toBe(true)
    echo.transport.open()
    await world.rest()
    expect(echo.transport.texts.slice(1)).toEqual(texts)
    expect(echo.transport.isOpen).toBe(true)
  })

  test('[ECHO-4] where reading can not stop, an echo peer that does not read ends with 4003', () => {
    const world = new World()
    const echo = world.echo({ slow: true, pause: false })
    for (let i = 0; i < 200 && echo.transport.isOpen; i++) {
      echo.text('x'.repeat(16_384))
      world.loop.rest()
    }
    expect(echo.transport.closed?.code).toBe(4003)
    expect(echo.transport.peak).toBeLessThanOrEqual(65_536 + 16_384)
  })
})

/** Lets a slow client's socket take nothing more. */
function fill(world: World, client: Client): void {
  client.send({ type: 'x'.repeat(60_000) })
  client.text(`"${'x'.repeat(60_000)}"`)
  while (client.transport.buffered() <= 65_536) client.send({ type: 'auth', token: '', ref: 'r'.repeat(64) })
  world.loop.rest()
}

/** A client with 32 replies waiting for a socket that takes nothing. */
function fullOfReplies(world: World, options: ClientOptions = {}): Client {
  const client = world.connect({ slow: true, ...options })
  fill(world, client)
  for (let ref = 1; ref <= 32; ref++) client.send({ type: 'ping', ref })
  expect(client.connection.outbox.unflushed).toBe(32)
  return client
}

describe('[CLIENT-13] 32 requests are under way whose replies will have to wait', () => {
  /** Lets them be answered, then the socket take all. */
  async function openBoth(world: World, client: Client, gate: Gate<boolean>): Promise<void> {
    gate.open(true)
    await world.rest()
    expect(client.transport.closed).toBeUndefined()
    expect(client.connection.outbox.unflushed).toBe(32)
    client.transport.open()
    await world.rest()
  }

  test('[WS-13] [WS-15] a pong takes the place of none of them, however many pings come', async () => {
    const { world, client, gate } = await slowHook({ slow: true })
    fill(world, client)
    publish(client, 32)
    for (let ref = 1; ref <= 50; ref++) client.send({ type: 'ping', ref })
    expect(client.connection.outbox.pushes).toBe(1)
    await openBoth(world, client, gate)
    expect(refs(client)).toEqual(oneTo(32))
    expect(client.all('pong').map(({ ref }) => ref)).toEqual(oneTo(50))
    expect(client.transport.closed).toBeUndefined()
  })

  test('[WS-13] a pong that had to wait comes when the socket takes it, though they are not answered', async () => {
    const { world, client } = await slowHook({ slow: true })
    fill(world, client)
    publish(client, 40)
    client.send({ type: 'ping', ref: 'p' })
    expect(client.all('pong')).toEqual([])
    client.transport.open()
    expect(client.all('pong')).toEqual([{ type: 'pong', ref: 'p' }])
    expect(client.all('ack')).toEqual([])
  })

  test('[DRAIN-1] nor does the word that the server stops, with a pong beside it', async () => {
    const { world, client, gate } = await slowHook({ slow: true })
    fill(world, client)
    publish(client, 32)
    client.send({ type: 'ping', ref: 'p' })
    const drained = world.hub.drain(0)
    await openBoth(world, client, gate)
    await drained
    expect(refs(client)).toEqual(oneTo(32))
    expect([client.all('pong').length, client.all('drain').length]).toEqual([1, 1])
    expect(client.transport.closed).toBeUndefined()
  })
})

describe('what the server says by itself to a peer with 32 replies waiting', () => {
  test('[AUTH-6] a warning does not end a connection that is within its bounds', async () => {
    const world = new World()
    const client = fullOfReplies(world, { expires: world.loop.now() + 40_000 })
    world.loop.advance(15_000)
    expect(client.transport.closed).toBeUndefined()
    client.transport.open()
    await world.rest()
    expect(client.all('pong').map(({ ref }) => ref)).toEqual(oneTo(32))
    expect(client.all('error').map(({ code }) => code)).toContain('token_expiring')
  })

  test('[DRAIN-1] nor does the word that the server stops', async () => {
    const world = new World()
    const client = fullOfReplies(world)
    const drained = world.hub.drain(1000)
    expect(client.transport.closed).toBeUndefined()
    client.transport.open()
    for (let i = 0; i < 60; i++) {
      world.loop.advance(20)
      await world.rest()
    }
    await drained
    expect(client.all('pong')).toHaveLength(32)
    expect(client.all('drain')).toHaveLength(1)
  })
})
