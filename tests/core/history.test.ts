import { describe, expect, test } from 'vitest'
import { type Client, type Frame, World } from './fake-world.ts'

async function withLog(count: number, size = 100): Promise<{ world: World; client: Client; epoch: string }> {
  const world = new World({ logs: { size: 3 }, engineLogs: { size } })
  const client = world.connect({ room: 'r' })
  for (let i = 1; i <= count; i++) await world.publish('r', `${i}`)
  await world.rest()
  const epoch = client.all('joined')[0]?.position.epoch ?? ''
  client.take()
  return { world, client, epoch }
}

async function ask(world: World, client: Client, fields: object): Promise<Frame<'history'>> {
  client.send({ type: 'history', room: 'r', ref: 'h', ...fields })
  await world.rest()
  const page = client.all('history').at(-1)
  client.take()
  if (!page) throw new Error('no page came')
  return page
}

const contents = ({ publications }: Frame<'history'>): string[] =>
  publications.map((publication) => (publication.type === 'chat' ? publication.content : publication.name))

const begin = ({ position }: Frame<'history'>): number => position.offset

describe('[ROOM-15] history', () => {
  test('without a position, the newest; then page by page back to the oldest', async () => {
    const { world, client } = await withLog(10)
    const newest = await ask(world, client, { limit: 4 })
    expect([newest.ref, begin(newest), newest.intact, newest.more]).toEqual(['h', 6, true, true])
    expect(contents(newest)).toEqual(['7', '8', '9', '10'])
    const earlier = await ask(world, client, { limit: 4, before: positionOf(newest, 0) })
    expect([begin(earlier), contents(earlier), earlier.more]).toEqual([2, ['3', '4', '5', '6'], true])
    const oldest = await ask(world, client, { limit: 4, before: positionOf(earlier, 0) })
    expect([begin(oldest), contents(oldest), oldest.more]).toEqual([0, ['1', '2'], false])
    const none = await ask(world, client, { limit: 4, before: positionOf(oldest, 0) })
    expect([contents(none), none.intact, none.more]).toEqual([[], true, false])
  })

  test('after a position, page by page to the head', async () => {
    const { world, client, epoch } = await withLog(5)
    const first = await ask(world, client, { limit: 3, after: { epoch, offset: 0 } })
    expect([contents(first), first.intact, first.more]).toEqual([['1', '2', '3'], true, true])
    const second = await ask(world, client, { limit: 3, after: positionOf(first, 2) })
    expect([contents(second), second.intact, second.more]).toEqual([['4', '5'], true, false])
    const last = await ask(world, client, { limit: 3, after: positionOf(second, 1) })
    expect([contents(last), last.intact, last.more]).toEqual([[], true, false])
  })

  test('a page is frames as members get them', async () => {
    const { world, client } = await withLog(1)
    client.send({ type: 'event', room: 'r', name: 'n', data: { a: [1] } })
    await world.rest()
    const live = client.all('event')[0]
    const { publications } = await ask(world, client, {})
    expect(publications[1]).toEqual(live)
  })

  test('a position that the log has no more, or never had, says so', async () => {
    const { world, client, epoch } = await withLog(10, 4)
    const evicted = await ask(world, client, { after: { epoch, offset: 2, id: 'x' } })
    expect([evicted.intact, begin(evicted), contents(evicted)]).toEqual([false, 6, ['7', '8', '9', '10']])
    const other = await ask(world, client, { after: { epoch: 'other', offset: 9, id: 'x' } })
    expect([other.intact, begin(other)]).toEqual([false, 6])
    const before = await ask(world, client, { before: { epoch, offset: 8, id: 'x' } })
    expect([before.intact, contents(before), before.more]).toEqual([false, [], false])
    const beyond = await ask(world, client, { before: { epoch, offset: 99, id: 'x' } })
    expect([beyond.intact, contents(beyond)]).toEqual([false, []])
  })

  test('back to the floor and no further', async () => {
    const { world, client } = await withLog(10, 4)
    const page = await ask(world, client, { limit: 100 })
    expect([begin(page), contents(page), page.more]).toEqual([6, ['7', '8', '9', '10'], false])
  })

  test('an empty room has an empty history', async () => {
    const { world, client } = await withLog(0)
    const page = await ask(world, client, {})
    expect([begin(page), contents(page), page.intact, page.more]).toEqual([0, [], true, false])
  })

  test('a reply has 256 KiB at most', async () => {
    const { world, client, epoch } = await withLog(0)
    for (let i = 0; i < 12; i++) await world.publish('r', `${i}`.padEnd(60_000))
    await world.rest()
    const page = await ask(world, client, { after: { epoch, offset: 0 }, limit: 12 })
    expect(JSON.stringify(page).length).toBeLessThan(256 * 1024)
    expect([page.publications.length, page.more]).toEqual([4, true])
    const newest = await ask(world, client, { limit: 12 })
    expect([begin(newest), newest.publications.length, newest.more]).toEqual([8, 4, true])
  })

  test('[CLIENT-10] but holds at least one publication, whatever its size and that of the one it is asked before', async () => {
    const { world, client } = await withLog(0)
    const found = (page: Frame<'history'>): unknown[] => [
      contents(page).map((text) => text.trim()),
      begin(page),
      page.more,
    ]
    const big = ['b', 'c'].map((letter) => letter.padEnd(250_000))
    for (const content of ['a', ...big, 'd']) await world.publish('r', content)
    await world.rest()
    const last = await ask(world, client, { limit: 1 })
    const third = await ask(world, client, { before: positionOf(last, 0) })
    expect(found(third)).toEqual([['c'], 2, true])
    const second = await ask(world, client, { before: positionOf(third, 0) })
    expect(found(second)).toEqual([['b'], 1, true])
    const first = await ask(world, client, { before: positionOf(second, 0) })
    expect(found(first)).toEqual([['a'], 0, false])
  })

  test('[CONN-2] a client that asks for many pages and reads none holds one', async () => {
    const { world } = await withLog(0)
    for (let i = 0; i < 12; i++) await world.publish('r', `${i}`.padEnd(60_000))
    const client = world.connect({ slow: true, room: 'r' })
    for (let ref = 1; ref <= 30; ref++) client.send({ type: 'history', room: 'r', ref })
    await world.rest()
    expect(client.transport.peak).toBeLessThan(800 * 1024)
    expect(client.transport.isOpen).toBe(true)
    client.transport.open()
    await world.rest()
    expect(client.all('history')).toHaveLength(30)
  })

  test('[CONN-2] nor more than that one in many rooms at once, and gets all when it reads', async () => {
    const world = new World()
    const client = world.connect({ slow: true })
    const rooms = Array.from({ length: 25 }, (_, i) => `r${i}`)
    for (const room of rooms) {
      for (let i = 0; i < 4; i++) await world.publish(room, `${i}`.padEnd(60_000))
      client.join(room)
    }
    world.adapter.delays = (call) => call === 'history'
    for (const room of rooms) client.send({ type: 'history', room, ref: room })
    const answer = async (): Promise<void> => {
      world.adapter.release()
      await world.rest()
    }
    for (let i = 0; i < 5; i++) await answer()
    expect(client.transport.peak).toBeLessThan(800 * 1024)
    expect(client.connection.outbox.unflushed).toBeLessThanOrEqual(1)
    client.transport.open()
    for (let i = 0; i < 100; i++) await answer()
    expect(new Set(client.all('history').map(({ ref }) => ref))).toEqual(new Set(rooms))
  })

  test('[WS-14] where a page that waits for its turn can not be read, the next one has it', async () => {
    const world = new World()
    const client = world.connect({ slow: true, ping: false })
    const rooms = ['a', 'b', 'c']
    for (const room of rooms) {
      await world.publish(room, 'x')
      client.join(room)
    }
    client.text(`"${'x'.repeat(64_000)}"`)
    while (client.transport.buffered() <= 65_536) client.send({ type: 'auth', token: '', ref: 'r'.repeat(64) })
    world.loop.rest()
    for (const room of rooms) client.send({ type: 'history', room, ref: room })
    world.adapter.delays = (call, room) => call === 'history' && room === 'a'
    world.adapter.fails = (call, room) => (call === 'history' && room === 'b' ? new Error('down') : undefined)
    client.transport.open()
    await world.rest()
    world.loop.advance(10_100)
    await world.rest()
    expect(client.all('error').slice(-2)).toMatchObject([
      { ref: 'a', code: 'unavailable' },
      { ref: 'b', code: 'unavailable' },
    ])
    expect(client.all('history')).toMatchObject([{ ref: 'c' }])
  })

  test('[WS-9] only members may ask', async () => {
    const { world, client } = await withLog(1)
    client.send({ type: 'history', room: 'other', ref: 1 })
    await world.rest()
    expect(client.all('error')).toMatchObject([{ ref: 1, code: 'not_joined' }])
  })

  test('[WS-14] an adapter that fails is answered for, one that does not answer too', async () => {
    const { world, client } = await withLog(1)
    world.adapter.fails = (call) => (call === 'history' ? new Error('down') : undefined)
    client.send({ type: 'history', room: 'r', ref: 1 })
    world.adapter.fails = () => undefined
    world.adapter.delays = (call) => call === 'history'
    client.send({ type: 'history', room: 'r', ref: 2 })
    await world.rest()
    world.loop.advance(10_000)
    await world.rest()
    expect(client.all('error')).toMatchObject([
      { ref: 1, code: 'unavailable' },
      { ref: 2, code: 'unavailable' },
    ])
  })
})

function positionOf({ position: { epoch }, publications }: Frame<'history'>, index: number): object {
  const { offset = 0, id } = publications[index] ?? { id: '' }
  return { epoch, offset, id }
}
