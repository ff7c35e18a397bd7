import { describe, expect, test } from 'vitest'
import type { HistoryPage } from '../../src/core/broadcast-adapter.ts'
import { chain } from '../../src/core/eventually.ts'
import type { StreamPosition } from '../../src/core/protocol.ts'
import { World } from './fake-world.ts'
import { atFive, stale, stream } from './fork-world.ts'

describe('a log that has something else than the hub took', () => {
  test.each([
    ['the fork that it is found in', 'f6'],
    ['the log that is no more', 'a6'],
  ])('[ROOM-12] a fork is one though %s went on when the log was asked', async (_, next) => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3', 'f4', 'f5'])
    world.adapter.delays = (call) => call === 'history'
    world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
    if (next === 'f6') await world.publish('r', next)
    else world.adapter.announce('r', epoch, stale(6, next))
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    await world.publish('r', 'f')
    await world.rest()
    const all = ['reset 0 fork', '1 f1', '2 f2', '3 f3', '4 f4', '5 f5', ...(next === 'f6' ? ['6 f6', '7 f'] : ['6 f'])]
    expect(stream(member)).toEqual([`6 ${next}`, ...all])
  })

  test('[ROOM-3] [ROOM-12] what was announced after the answer that shows the fork had been made is in it, though nothing follows', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.fork('r', epoch, ['f1', 'f2', 'f3', 'f4', 'f5'])
    world.adapter.delays = (call) => call === 'history'
    world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
    await world.publish('r', 'f6')
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    expect(stream(member)).toEqual(['6 f6', 'reset 0 fork', '1 f1', '2 f2', '3 f3', '4 f4', '5 f5', '6 f6'])
  })

  test('[ROOM-12] what was taken since the log was asked, and is not what it answers, is a fork, however that goes on', async () => {
    const { world, member, epoch } = await atFive()
    member.take()
    world.adapter.carry = () => {}
    await world.publish('r', '6')
    world.adapter.carry = (announce) => announce()
    world.adapter.delays = (call) => call === 'history'
    world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
    world.adapter.announce('r', epoch, stale(6, 'a6'))
    await world.publish('r', '7')
    world.adapter.delays = () => false
    world.adapter.release()
    await world.rest()
    await world.publish('r', '8')
    await world.rest()
    const all = ['reset 0 fork', '1 1', '2 2', '3 3', '4 4', '5 5', '6 6', '7 7', '8 8']
    expect(stream(member)).toEqual(['6 a6', '7 7', ...all])
  })

  test('[ROOM-12] nor is it no fork where the log has that after all, but not what came after it', async () => {
    const { world, member, epoch } = await atFive()
    const fifth = { epoch, offset: 5, id: member.all('chat').at(-1)?.id ?? '' }
    member.take()
    const at = (offset: number, id: string): StreamPosition => ({ epoch, offset, id })
    const asked = answerWith(
      world,
      { publications: [stale(6, 'b6')], start: fifth, head: at(6, 'b6'), intact: true },
      { publications: [], start: at(6, 'a6'), head: at(6, 'a6'), intact: true },
      { publications: [stale(6, 'a6')], start: fifth, head: at(6, 'a6'), intact: false },
    )
    world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
    world.adapter.announce('r', epoch, stale(6, 'a6'), stale(7, 'a7'))
    for (let i = 0; i < 5; i++) await world.rest()
    expect(asked).toEqual([fifth, at(6, 'a6'), at(7, 'a7')])
    expect(stream(member)).toEqual(['6 a6', '7 a7', 'reset 5 fork', '6 a6'])
  })

  test('[ROOM-12] an engine that goes on contradicting itself is asked again after a while, and not at once', async () => {
    const { world, member, epoch } = await atFive()
    const fifth = { epoch, offset: 5, id: member.all('chat').at(-1)?.id ?? '' }
    const at = (offset: number, id: string): StreamPosition => ({ epoch, offset, id })
    const asked = answerWith(
      world,
      { publications: [stale(6, 'b6')], start: fifth, head: at(6, 'b6'), intact: true },
      { publications: [stale(7, 'b7')], start: at(6, 'a6'), head: at(7, 'b7'), intact: true },
    )
    world.connect({ ping: false }).join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
    world.adapter.announce('r', epoch, stale(6, 'a6'), stale(7, 'a7'))
    for (let i = 0; i < 5; i++) await world.rest()
    expect(asked).toEqual([fifth, at(6, 'a6')])
    world.loop.advance(1000)
    expect(asked).toEqual([fifth, at(6, 'a6'), at(7, 'a7')])
  })

  test.each([
    ['says of every position that it is not of its log', true],
    ['has something else below the head, and then has not', false],
  ])('[ROOM-12] [HTTP-5] nor does one that answers in the same call and %s end the process', async (_, isDenied) => {
    const world = new World()
    world.connect({ room: 'r', ping: false })
    for (let i = 1; i <= 100; i++) await world.publish('r', `${i}`)
    await world.rest()
    const { adapter } = world
    const { history } = adapter
    let asked = 0
    adapter.history = (room, start, limit) => {
      if (++asked > 1000) throw new Error('asked for ever')
      return chain(history.call(adapter, room, isDenied ? { ...start, offset: 0 } : start, limit), (page) => {
        if (isDenied) return { ...page, intact: false }
        return start.offset === 99 ? page : { ...page, publications: [stale(99, 'x')] }
      })
    }
    adapter.restored()
    await world.rest()
    expect(asked).toBeLessThan(20)
    world.loop.advance(1000)
    expect(asked).toBeLessThan(40)
    adapter.history = history
    world.loop.advance(10_000)
    await world.rest()
    const late = world.connect({ ping: false })
    late.join('r', { history: 2 })
    expect(stream(late)).toEqual(['99 99', '100 100'])
  })

  test('[ROOM-5] what the log has no more when it answers, and was announced since it was asked, is no gap', async () => {
    const world = new World({ engineLogs: { size: 3 } })
    const member = world.connect({ room: 'r' })
    await world.publish('r', '1')
    await world.rest()
    member.take()
    const answer = askLate(world)
    for (const content of ['2', '3', '4', '5', '6']) await world.publish('r', content)
    answer()
    await world.rest()
    expect(stream(member)).toEqual(['2 2', '3 3', '4 4', '5 5', '6 6'])
  })

  test('[ROOM-12] but a fork where that is not what was announced', async () => {
    const world = new World({ engineLogs: { size: 1 } })
    const member = world.connect({ room: 'r' })
    await world.publish('r', '1')
    await world.rest()
    const { epoch = '' } = member.all('joined')[0]?.position ?? {}
    member.take()
    const answer = askLate(world)
    world.adapter.carry = () => {}
    await world.publish('r', '2')
    world.adapter.carry = (announce) => announce()
    world.adapter.announce('r', epoch, stale(2, 'a2'))
    await world.publish('r', '3')
    answer()
    await world.rest()
    expect(stream(member)).toEqual(['2 a2', '3 3', 'reset 2 fork', '3 3'])
  })

  test.each([
    ['', false],
    [', though somebody has asked who is not answered', true],
  ])(
    '[ROOM-12] [ROOM-13] a fork that went on where the hub was is found by a lagging member that reads it%s',
    async (_, isAsked) => {
      const world = new World({ logs: { size: 3 }, engineLogs: { size: 200 } })
      const live = world.connect({ room: 'r', ping: false })
      for (let i = 1; i <= 100; i++) await world.publish('r', `${i}`.padEnd(2000))
      await world.rest()
      const { epoch = '' } = live.all('joined')[0]?.position ?? {}
      const { offset = 0, id } = live.all('chat').at(-1) ?? {}
      const reader = world.connect({ ping: false, slow: true })
      reader.join('r', { history: 100 })
      await world.rest()
      const forked = Array.from({ length: 100 }, (_, i) => `f${i + 1}`)
      world.adapter.fork('r', epoch, forked)
      await world.publish('r', 'f101')
      await world.rest()
      live.take()
      world.adapter.delays = (call) => call === 'history'
      if (isAsked) world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
      world.adapter.delays = () => false
      reader.transport.open()
      await world.rest()
      world.loop.advance(2000)
      await world.rest()
      const all = ['reset 0 fork', ...[...forked, 'f101'].map((content, i) => `${i + 1} ${content}`)]
      expect(stream(live)).toEqual(all)
      expect(stream(reader).slice(-102)).toEqual(all)
      const late = world.connect({ ping: false })
      late.join('r', { since: { epoch, offset, id } })
      await world.rest()
      expect(late.all('joined')).toMatchObject([{ recovered: false }])
    },
  )
})

/** Somebody has the log read, which is done when it is answered. */
function askLate(world: World): () => void {
  const { adapter } = world
  const { history } = adapter
  const asked: (() => void)[] = []
  adapter.history = (...question) =>
    new Promise((resolve) => asked.push(() => resolve(history.apply(adapter, question))))
  world.connect().join('r', { since: { epoch: 'of no log', offset: 1, id: 'x' } })
  return () => {
    adapter.history = history
    for (const answer of asked) answer()
  }
}

/** Has the log answer with these pages, later. Answers what it was asked. */
function answerWith(world: World, ...pages: HistoryPage[]): StreamPosition[] {
  const asked: StreamPosition[] = []
  world.adapter.history = async (_, start) => {
    asked.push(start)
    await world.rest()
    const page = pages.shift()
    if (!page) throw new Error('asked too often')
    return page
  }
  return asked
}
