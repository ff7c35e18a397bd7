import { describe, expect, test } from 'vitest'
import { World } from './fake-world.ts'
import { atFive, stale, stream } from './fork-world.ts'

describe('a fork: the same epoch, another log', () => {
  test('[ROOM-12] a known offset with another id is a reset, after which all comes that the log keeps', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3'])
    await world.publish('r', 'f4')
    await world.rest()
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1', '2 f2', '3 f3', '4 f4'])
    expect(member.all('reset')[0]?.position.epoch).toBe(epoch)
    await world.publish('r', 'f5')
    await world.rest()
    expect(stream(member)).toEqual(['5 f5'])
  })

  test('[ROOM-12] one that has overtaken the hub is found, too: by the id at the head', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7'])
    await world.publish('r', 'f8')
    await world.rest()
    expect(stream(member).at(0)).toBe('reset 0 fork')
  })

  test('[ROOM-12] so is an offset that the hub keeps nothing of any more, where the log is behind what was seen', async () => {
    const world = new World({ logs: { size: 3 }, engineLogs: { size: 100 } })
    const member = world.connect({ room: 'r' })
    for (let i = 1; i <= 10; i++) await world.publish('r', `${i}`)
    await world.rest()
    const { epoch = '' } = member.all('joined')[0]?.position ?? {}
    const { id = '' } = member.all('chat').find(({ offset }) => offset === 2) ?? {}
    member.take()
    world.adapter.announce('r', epoch, stale(2, id))
    await world.rest()
    expect(stream(member)).toEqual([])
    world.adapter.fork('r', epoch, ['f1'])
    await world.publish('r', 'f2')
    await world.rest()
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1', '2 f2'])
  })

  test('[ROOM-12] a head below what was seen is one, when the adapter was away', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fork('r', epoch, ['f1', 'f2'])
    world.adapter.restored()
    await world.rest()
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1', '2 f2'])
  })

  test('[ROOM-12] one whose log can not be compared any more, when the adapter was away, is no mere gap', async () => {
    const world = new World({ engineLogs: { size: 3 } })
    const member = world.connect({ room: 'r' })
    for (let i = 1; i <= 5; i++) await world.publish('r', `${i}`)
    await world.rest()
    const { epoch = '' } = member.all('joined')[0]?.position ?? {}
    member.take()
    world.adapter.fork(
      'r',
      epoch,
      Array.from({ length: 12 }, (_, i) => `f${i + 1}`),
    )
    world.adapter.restored()
    await world.rest()
    expect(stream(member)).toEqual(['reset 9 unverified', '10 f10', '11 f11', '12 f12'])
  })

  test('[ROOM-12] what was published while the adapter was away comes when it is back, though nothing is announced', async () => {
    const { world, member } = await atFive()
    member.take()
    world.adapter.carry = () => {}
    await world.publish('r', '6')
    await world.publish('r', '7')
    world.adapter.carry = (announce) => announce()
    world.adapter.restored()
    await world.rest()
    expect(stream(member)).toEqual(['6 6', '7 7'])
  })

  test('[ROOM-12] a lagging member that reads the other log before the hub has noticed is told a reset, and no gap', async () => {
    const world = new World({ logs: { size: 3 }, engineLogs: { size: 200 } })
    const live = world.connect({ room: 'r', ping: false })
    for (let i = 1; i <= 100; i++) await world.publish('r', `${i}`.padEnd(2000))
    await world.rest()
    const { epoch = '' } = live.all('joined')[0]?.position ?? {}
    const reader = world.connect({ ping: false, slow: true })
    reader.join('r', { history: 100 })
    await world.rest()
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3'])
    reader.transport.open()
    await world.rest()
    expect(stream(live).slice(-4)).toEqual(['reset 0 fork', '1 f1', '2 f2', '3 f3'])
    expect(reader.all('gap')).toEqual([])
    expect(stream(reader).slice(-4)).toEqual(['reset 0 fork', '1 f1', '2 f2', '3 f3'])
  })

  test('[ROOM-12] a join that finds the head below what the hub has seen makes the hub look', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fork('r', epoch, ['f1', 'f2'])
    const client = world.connect({ ping: false })
    client.join('r', { since: { epoch, offset: 5, id: 'f5' } })
    await world.rest()
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1', '2 f2'])
    expect(client.all('joined')).toMatchObject([{ recovered: false, position: { offset: 2 } }])
  })

  test('[ROOM-12] every room is in doubt at once, however many there are', async () => {
    const world = new World()
    const client = world.connect({ ping: false })
    const rooms = Array.from({ length: 40 }, (_, i) => `r${i}`)
    for (const room of rooms) client.join(room)
    client.take()
    world.adapter.delays = (call) => call === 'history'
    world.adapter.restored()
    const other = world.connect({ ping: false })
    for (const room of rooms) other.join(room)
    await world.rest()
    expect(other.all('joined')).toEqual([])
    world.adapter.delays = () => false
    for (let i = 0; i < 10; i++) {
      world.adapter.release()
      await world.rest()
    }
    expect(other.all('joined')).toHaveLength(40)
  })

  test('[ROOM-12] a log in doubt takes no announcement before it was compared', async () => {
    const world = new World()
    const client = world.connect({ ping: false })
    const rooms = Array.from({ length: 40 }, (_, i) => `r${i}`)
    for (const room of rooms) {
      client.join(room)
      await world.publish(room, 'a1')
    }
    await world.rest()
    const epoch = client.all('joined').at(-1)?.position.epoch ?? ''
    client.take()
    world.adapter.delays = (call) => call === 'history'
    world.adapter.fork('r39', epoch, ['f1'])
    world.adapter.restored()
    await world.publish('r39', 'f2')
    world.adapter.delays = () => false
    for (let i = 0; i < 10; i++) {
      world.adapter.release()
      await world.rest()
    }
    const of39 = client.take().filter((frame) => 'room' in frame && frame.room === 'r39')
    expect(of39.map((frame) => (frame.type === 'chat' ? frame.content : frame.type))).toEqual(['reset', 'f1', 'f2'])
  })

  test.each([
    ['by a join', (world: World) => world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })],
    ['because the adapter had been away before', (world: World) => world.adapter.restored()],
  ])('[ROOM-12] nor after an answer to what was asked before the adapter was away, %s', async (_, ask) => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.delays = (call) => call === 'history'
    ask(world)
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3', 'f4', 'f5'])
    world.adapter.restored()
    await world.publish('r', 'f6')
    for (let i = 0; i < 4; i++) {
      world.adapter.release(1)
      await world.rest()
    }
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1', '2 f2', '3 f3', '4 f4', '5 f5', '6 f6'])
  })

  test('[ROOM-12] a question that an engine took along is asked of the next one at once', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.delays = (call) => call === 'history'
    world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
    world.adapter.delays = () => false
    world.adapter.fork('r', epoch, ['f1'])
    world.adapter.restored()
    await world.rest()
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1'])
  })

  test('[ROOM-13] nothing begins in a log that is in doubt', async () => {
    const { world, epoch, member } = await atFive()
    const fifth = member.all('chat').at(-1)
    const client = world.connect({ ping: false })
    world.adapter.delays = (call) => call === 'history'
    world.adapter.fork('r', epoch, ['f1', 'f2'])
    world.adapter.restored()
    client.join('r', { since: { epoch, offset: 5, id: fifth?.id } })
    await world.rest()
    expect(client.all('joined')).toEqual([])
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    expect(client.all('joined')).toMatchObject([{ recovered: false, position: { epoch, offset: 2 } }])
    expect(stream(client)).toEqual([])
  })

  test.each([
    ['nothing', []],
    ['something', ['a6']],
  ])('[ROOM-13] nor in a room whose adapter was away while it was opened, and had announced %s', async (_, early) => {
    const { world, member, epoch } = await atFive()
    const fifth = member.all('chat').at(-1)
    member.send({ type: 'leave', room: 'r' })
    const client = world.connect({ ping: false })
    world.adapter.delays = (call) => call === 'subscribe'
    client.join('r', { since: { epoch, offset: 5, id: fifth?.id } })
    for (const content of early) await world.publish('r', content)
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3', 'f4', 'f5'])
    world.adapter.restored()
    await world.publish('r', 'f6')
    world.adapter.release()
    await world.rest()
    await world.publish('r', 'f7')
    await world.rest()
    expect(client.all('joined')).toMatchObject([{ recovered: false, position: { epoch, offset: 6 } }])
    expect(stream(client)).toEqual(['7 f7'])
  })

  test('[ROOM-13] a doubt that is settled while a join waits does not cost it its recovery', async () => {
    const world = new World({ logs: { size: 3 }, engineLogs: { size: 50 } })
    const live = world.connect({ room: 'r', ping: false })
    for (let i = 1; i <= 20; i++) await world.publish('r', `${i}`)
    await world.rest()
    const { epoch = '' } = live.all('joined')[0]?.position ?? {}
    const { id } = live.all('chat')[4] ?? {}
    const client = world.connect({ ping: false })
    world.adapter.delays = (call) => call === 'history'
    client.join('r', { since: { epoch, offset: 5, id } })
    world.adapter.restored()
    for (let i = 0; i < 5; i++) {
      world.adapter.release()
      await world.rest()
    }
    expect(client.all('joined')).toMatchObject([{ recovered: true, position: { offset: 5 } }])
  })

  test('[ROOM-1] announcements of the dead branch that were held while the log was read are not appended to the new one', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.delays = (call) => call === 'history'
    world.adapter.announce('r', epoch, stale(7, 'a7'), stale(8, 'a8'), stale(9, 'a9'))
    world.adapter.fork(
      'r',
      epoch,
      Array.from({ length: 6 }, (_, i) => `f${i + 1}`),
    )
    world.adapter.delays = () => false
    world.adapter.restored()
    world.adapter.release()
    await world.rest()
    await world.publish('r', 'f7')
    await world.rest()
    expect(stream(member).slice(-2)).toEqual(['6 f6', '7 f7'])
  })

  test('[ROOM-1] nor where nothing says that the engine was away', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fails = (call) => (call === 'history' ? new Error('down') : undefined)
    world.adapter.announce('r', epoch, stale(7, 'a7'), stale(8, 'a8'))
    world.adapter.fork(
      'r',
      epoch,
      Array.from({ length: 6 }, (_, i) => `f${i + 1}`),
    )
    world.adapter.fails = () => undefined
    world.loop.advance(1000)
    await world.rest()
    expect(stream(member)).toEqual(['reset 0 fork', '1 f1', '2 f2', '3 f3', '4 f4', '5 f5', '6 f6'])
  })

  test('[ROOM-1] the word of a stale replica that the log contradicts changes nothing', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.announce('r', epoch, stale(4, 'f4'), stale(5, 'f5'))
    world.adapter.announce('r', 'another epoch', stale(1, 'a1'))
    world.adapter.announce('r', epoch, stale(9, 'f9'))
    await world.publish('r', '6')
    await world.rest()
    expect(stream(member)).toEqual(['6 6'])
  })

  test('[ROOM-1] a known offset with its own id is a repeat', async () => {
    const { world, member, epoch } = await atFive()
    const { id = '' } = member.all('chat').find(({ offset }) => offset === 4) ?? {}
    member.take()
    world.adapter.announce('r', epoch, stale(4, id))
    await world.rest()
    expect(member.take()).toEqual([])
  })

  test('[ROOM-13] one that comes to light under a join with since is the log that the join begins in', async () => {
    const { world, epoch } = await atFive()
    const client = world.connect()
    world.adapter.delays = (call) => call === 'history'
    client.join('r', { since: { epoch, offset: 1, id: 'gone' } })
    world.adapter.fork('r', epoch, ['f1', 'f2'])
    world.adapter.delays = () => false
    world.adapter.release()
    await world.publish('r', 'f3')
    await world.rest()
    const joined = client.all('joined')[0]
    expect(joined?.recovered).toBe(false)
    expect(joined?.position).toMatchObject({ epoch, offset: 3 })
    await world.publish('r', 'f4')
    await world.rest()
    expect(stream(client)).toEqual(['4 f4'])
  })
})
