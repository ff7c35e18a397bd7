import { describe, expect, test } from 'vitest'
import type { Parlor, Room } from '../../src/client/index.ts'
import { FakePlatform, type FakeSocket, fate, hear, type Sent, WELCOME } from './fake-platform.ts'

const published = (socket: FakeSocket): Sent[] => socket.sent.filter(({ type }) => type === 'chat' || type === 'event')
const contents = (socket: FakeSocket): unknown[] => published(socket).map(({ content }) => content)
/** Acknowledges what is under way until nothing new is sent. */
function ackAll(socket: FakeSocket, acked = new Set<number>()): number {
  let most = 0
  for (;;) {
    const open = published(socket).filter(({ ref }) => !acked.has(ref))
    most = Math.max(most, open.length)
    const [first] = open
    if (!first) return most
    acked.add(first.ref)
    socket.ack(first)
  }
}

describe('publishing', () => {
  test('[SDK-30] a publish has an id of its own and a ref, and resolves with its place', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const one = fate(room.publish('hello'))
    const two = fate(room.event('moved', { to: [1, 2] }, { id: 'mine' }))
    const [first, second] = published(platform.socket)
    expect(first).toEqual({ ref: 2, type: 'chat', room: 'lobby', content: 'hello', id: 'id-1' })
    expect(second).toEqual({ ref: 3, type: 'event', room: 'lobby', name: 'moved', data: { to: [1, 2] }, id: 'mine' })
    platform.socket.ack({ ...first, ref: 2, type: 'chat' }, 1)
    platform.socket.ack({ ...second, ref: 3, type: 'event' }, 2, true)
    await platform.rest()
    expect(one.value).toEqual({ id: 'id-1', duplicate: false, position: { epoch: 'e1', offset: 1, id: 'm1' } })
    expect(two.value).toEqual({ id: 'mine', duplicate: true, position: { epoch: 'e1', offset: 2, id: 'm2' } })
  })

  test('[SDK-31] what is published while connecting waits for the join, and goes in order', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const { room } = hear(parlor)
    for (const text of ['one', 'two', 'three']) void room.publish(text)
    await platform.rest()
    platform.socket.welcome()
    expect(published(platform.socket)).toEqual([])
    platform.socket.joined()
    void room.publish('four')
    expect(contents(platform.socket)).toEqual(['one', 'two', 'three', 'four'])
    expect(published(platform.socket).every(({ age }) => age === undefined)).toBe(true)
  })

  test('[SDK-30] unsent and unacknowledged ones are sent again after the rejoin, in order, same id, with their age', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const fates = ['one', 'two', 'three'].map((text) => fate(room.publish(text)))
    platform.socket.ack(published(platform.socket)[0] ?? { type: '', ref: 0 })
    await platform.pass(2000)
    platform.socket.end(1006)
    const ids = published(platform.socket).map(({ id }) => id)
    fates.push(fate(room.publish('four')))
    await platform.pass(600)
    platform.socket.welcome()
    expect(published(platform.socket)).toEqual([])
    platform.socket.joined({ epoch: 'e1', offset: 1, id: 'm1' }, true)
    expect(contents(platform.socket)).toEqual(['two', 'three', 'four'])
    const again = published(platform.socket)
    expect(again.map(({ id }) => id).slice(0, 2)).toEqual(ids.slice(1))
    expect(again.map(({ age }) => age)).toEqual([2600, 2600, undefined])
    ackAll(platform.socket)
    await platform.rest()
    expect(fates.map(({ value }) => value !== undefined)).toEqual([true, true, true, true])
  })

  test('[SDK-30] the age counts from the first time it was sent, not from the last', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    void room.publish('x')
    for (let i = 0; i < 3; i++) {
      await platform.pass(10_000)
      await platform.reopen()
      platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    }
    expect(published(platform.socket)[0]?.age).toBeGreaterThanOrEqual(30_000)
  })

  test('[SDK-30] the age counts a sleep, in which the monotonic clock may stand still', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    void room.publish('x')
    await platform.sleep(3_600_000)
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    expect(published(platform.socket)[0]?.age).toBeGreaterThanOrEqual(3_600_000)
  })

  test('[SDK-30] and no clock that is set back makes it younger', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    void room.publish('x')
    await platform.pass(20_000)
    platform.turnBack(86_400_000)
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    expect(published(platform.socket)[0]?.age).toBeGreaterThanOrEqual(20_000)
  })

  test('[SDK-30] what was given is what is sent again, whatever became of the object since', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const data = { n: 1 }
    void room.event('set', data)
    data.n = 2
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    expect(published(platform.socket)[0]).toMatchObject({ data: { n: 1 } })
  })

  test('[SDK-30] a socket that takes nothing any more: it counts as never sent', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    platform.socket.readyState = 2
    void room.publish('x')
    expect(published(platform.socket)).toEqual([])
    await platform.pass(5000)
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    expect(published(platform.socket).map(({ content, age }) => [content, age])).toEqual([['x', undefined]])
  })

  test('[SDK-34] what was sent as another user is not sent again: nobody could tell it from a second one', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const sent = fate(room.publish('sent'))
    platform.socket.end(1006)
    const unsent = fate(room.publish('unsent'))
    await platform.pass(600)
    platform.socket.welcome({ user: { id: 'guest-2', name: 'Guest' } })
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    ackAll(platform.socket)
    await platform.rest()
    expect(sent.error).toMatchObject({ code: 'outcome_unknown', outcome: 'unknown' })
    expect(unsent.value).toBeDefined()
    expect(contents(platform.socket)).toEqual(['unsent'])
  })
})

describe('what the server refused and may have done all the same', () => {
  /** What becomes of a publish that is refused with `code` when `then` happens before it is sent again. */
  async function refused(
    code: string,
    then: (platform: FakePlatform, room: Room, parlor: Parlor) => Promise<void> | void,
  ): Promise<{ readonly fate: ReturnType<typeof fate>; readonly platform: FakePlatform }> {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const one = fate(room.publish('x'))
    platform.socket.refuse(platform.socket.last('chat'), code, true)
    await then(platform, room, parlor)
    await platform.rest()
    return { fate: one, platform }
  }

  test.each([
    ['unavailable', 'unknown'],
    ['internal', 'unknown'],
    ['a_code_of_tomorrow', 'unknown'],
    ['rate_limited', 'not_done'],
  ])('[SDK-32] %s, and then leave() or close(): the outcome is %s', async (code, outcome) => {
    const left = await refused(code, (_, room) => room.leave())
    expect(left.fate.error).toMatchObject({ code: 'left', outcome })
    const closed = await refused(code, (_, __, parlor) => parlor.close())
    expect(closed.fate.error).toMatchObject({ code: 'closed', outcome })
  })

  test('[SDK-32] a refusal for good that follows it speaks of the second sending alone', async () => {
    const { fate: one } = await refused('unavailable', async (platform) => {
      await platform.pass(550)
      platform.socket.refuse(platform.socket.last('chat'), 'forbidden', false)
    })
    expect(one.error).toMatchObject({ code: 'forbidden', outcome: 'unknown' })
  })

  test.each([
    ['unavailable', 'unknown'],
    ['rate_limited', 'not_done'],
  ])('[SDK-37] %s, for a transient one or in a room that was left meanwhile: %s', async (code, outcome) => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const transient = fate(room.publish('psst', { transient: true }))
    platform.socket.refuse(platform.socket.last('chat'), code, true)
    const last = fate(room.publish('x'))
    room.leave()
    platform.socket.refuse(platform.socket.last('chat'), code, true)
    await platform.rest()
    expect(transient.error).toMatchObject({ code, outcome })
    expect(last.error).toMatchObject({ code, outcome })
  })

  const asAnother = async (platform: FakePlatform): Promise<void> => {
    platform.socket.end(1006)
    await platform.pass(600)
    platform.socket.welcome({ user: { id: 'guest-2', name: 'Guest' } })
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    ackAll(platform.socket)
  }

  test('[SDK-34] it is not sent again as another user: nobody could tell it from a second one', async () => {
    const { fate: one, platform } = await refused('unavailable', asAnother)
    expect(one.error).toMatchObject({ code: 'outcome_unknown', outcome: 'unknown' })
    expect(contents(platform.socket)).toEqual([])
  })

  test('[SDK-34] what was refused for its rate alone is', async () => {
    const { fate: one, platform } = await refused('rate_limited', asAnother)
    expect(one.value).toMatchObject({ id: 'id-1' })
    expect(contents(platform.socket)).toEqual(['x'])
  })

  test('[SDK-30] what was refused for its rate alone is no older for it: however long nothing can be sent, it is published', async () => {
    const { platform } = await refused('rate_limited', async (before) => {
      before.socket.end(1006)
      await before.pass(600_000)
      await before.reopen()
      before.socket.joined({ epoch: 'e1', offset: 0 }, true)
    })
    expect(published(platform.socket).map(({ id, age }) => [id, age])).toEqual([['id-1', undefined]])
  })

  test('[SDK-30] where it may have been published before that, it is as old as it was', async () => {
    const { platform } = await refused('unavailable', async (before) => {
      await before.pass(600)
      before.socket.refuse(before.socket.last('chat'), 'rate_limited', true)
      await before.pass(5000)
    })
    expect(published(platform.socket).at(-1)).toMatchObject({ id: 'id-1', age: expect.any(Number) })
    expect(published(platform.socket)).toHaveLength(3)
  })

  test('[SDK-34] and is from then on as if that user had written it: not sent again as the first one', async () => {
    const { fate: one, platform } = await refused('rate_limited', async (before) => {
      before.socket.end(1006)
      await before.pass(600)
      before.socket.welcome({ user: { id: 'bob', name: 'Bob' } })
      before.socket.joined({ epoch: 'e1', offset: 0 }, true)
    })
    expect(published(platform.socket).map(({ id, age }) => [id, age])).toEqual([['id-1', undefined]])
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    await platform.rest()
    expect(one.error).toMatchObject({ code: 'outcome_unknown', outcome: 'unknown' })
    expect(published(platform.socket)).toEqual([])
  })
})

describe('what is seen in the stream', () => {
  const own = (id: unknown, offset: number, user = 'ann'): object => ({
    type: 'chat',
    room: 'lobby',
    offset,
    id: `m${offset}`,
    from: { id: user, name: '' },
    time: 1,
    content: 'x',
    clientId: id,
  })

  test('[SDK-38] a publish that comes back as a message is published, whatever the server can still say of it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story } = hear(parlor)
    platform.socket.joined()
    const one = fate(room.publish('x'))
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    const again = platform.socket.last('chat')
    platform.socket.say(own(again.id, 1))
    await platform.rest()
    expect(one.value).toEqual({ id: again.id, position: { epoch: 'e1', offset: 1, id: 'm1' }, duplicate: false })
    platform.socket.refuse(again, 'outcome_unknown', false)
    await platform.rest()
    expect(one.error).toBeUndefined()
    expect(story).toEqual(['x'])
    await platform.reopen()
    platform.socket.joined({ epoch: 'e1', offset: 1, id: 'm1' }, true)
    expect(published(platform.socket)).toEqual([])
  })

  test('[SDK-38] a message of somebody else under the same id proves nothing', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const one = fate(room.publish('x'))
    platform.socket.say(own(platform.socket.last('chat').id, 1, 'mallory'))
    await platform.rest()
    expect(one).toEqual({})
  })
})

describe('what the server refuses', () => {
  test.each(['forbidden', 'id_reused', 'outcome_unknown', 'not_joined', 'invalid_frame', 'a_code_of_tomorrow'])(
    '[SDK-32] %s: the promise rejects with it, and it is not sent again',
    async (code) => {
      const platform = new FakePlatform()
      const parlor = await platform.open()
      const { room } = hear(parlor)
      platform.socket.joined()
      const one = fate(room.publish('x'))
      platform.socket.refuse(platform.socket.last('chat'), code, false)
      await platform.pass(60)
      expect(one.error).toMatchObject({ name: 'ParlorError', code, message: `no: ${code}` })
      await platform.reopen()
      platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
      expect(published(platform.socket)).toEqual([])
    },
  )

  test.each([
    ['unavailable', 7500],
    ['internal', 7500],
    ['a_code_of_tomorrow', 7500],
    // Each of its sendings is as good as the first.
    ['rate_limited', undefined],
  ])(
    '[SDK-30] [SDK-32] %s for the time being: sent again under the same id, ever more rarely, and its age at last is %s',
    async (code, age) => {
      const platform = new FakePlatform()
      const parlor = await platform.open()
      const { room } = hear(parlor)
      platform.socket.joined()
      const one = fate(room.publish('x'))
      const waits: number[] = []
      for (let i = 0; i < 4; i++) {
        platform.socket.refuse(platform.socket.last('chat'), code, true)
        const begun = platform.loop.now()
        const before = published(platform.socket).length
        while (published(platform.socket).length === before) await platform.pass(50)
        waits.push(platform.loop.now() - begun)
      }
      expect(waits).toEqual([500, 1000, 2000, 4000])
      platform.socket.ack(platform.socket.last('chat'))
      await platform.rest()
      expect(one.value).toMatchObject({ id: 'id-1' })
      expect(new Set(published(platform.socket).map(({ id }) => id))).toEqual(new Set(['id-1']))
      expect(platform.socket.last('chat').age).toBe(age)
    },
  )

  test('[SDK-32] meanwhile nothing else of the room is sent, then one at a time: the order stays', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    for (const text of ['one', 'two', 'three']) void room.publish(text)
    for (const frame of published(platform.socket)) platform.socket.refuse(frame, 'rate_limited', true)
    void room.publish('four')
    expect(published(platform.socket)).toHaveLength(3)
    await platform.pass(550)
    expect(contents(platform.socket).slice(3)).toEqual(['one'])
    platform.socket.ack(platform.socket.last('chat'))
    expect(contents(platform.socket).slice(3)).toEqual(['one', 'two', 'three'])
    platform.socket.refuse(published(platform.socket)[4] ?? { type: '', ref: 0 }, 'rate_limited', true)
    platform.socket.refuse(published(platform.socket)[5] ?? { type: '', ref: 0 }, 'rate_limited', true)
    await platform.pass(550)
    expect(contents(platform.socket).slice(6)).toEqual(['two'])
  })

  test('[SDK-32] what was sent before it and is acknowledged after it changes nothing of that', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    for (const text of ['one', 'two', 'three']) void room.publish(text)
    const [one, two, three] = published(platform.socket)
    if (!one || !two || !three) throw new Error('three were not sent')
    platform.socket.refuse(three, 'rate_limited', true)
    platform.socket.ack(one)
    void room.publish('four')
    void room.publish('five')
    await platform.pass(550)
    expect(contents(platform.socket).slice(3)).toEqual([])
    platform.socket.ack(two)
    expect(contents(platform.socket).slice(3)).toEqual(['three'])
    platform.socket.refuse(platform.socket.last('chat'), 'rate_limited', true)
    await platform.pass(950)
    expect(contents(platform.socket).slice(4)).toEqual([])
    await platform.pass(100)
    expect(contents(platform.socket).slice(4)).toEqual(['three'])
    platform.socket.ack(platform.socket.last('chat'))
    expect(contents(platform.socket).slice(5)).toEqual(['four', 'five'])
  })

  test('[SDK-32] another room is not held up by it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const one = hear(parlor, 'one')
    platform.socket.joined()
    const two = hear(parlor, 'two')
    platform.socket.joined()
    void one.room.publish('x')
    platform.socket.refuse(platform.socket.last('chat'), 'unavailable', true)
    void two.room.publish('y')
    expect(platform.socket.last('chat')).toMatchObject({ room: 'two', content: 'y' })
  })

  test('[SDK-35] a message above the limit is refused here: the server could not say which one it was', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    const early = fate(room.publish('ä'.repeat(40_000)))
    platform.socket.joined()
    const ascii = fate(room.publish('a'.repeat(65_000)))
    void room.publish('next')
    await platform.rest()
    expect(early.error).toMatchObject({ code: 'message_too_large', outcome: 'not_done' })
    expect(ascii).toEqual({})
    expect(contents(platform.socket).map((content) => String(content).length)).toEqual([65_000, 4])
  })

  test('[SDK-35] data that is no JSON rejects, and holds nothing up', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const loop: { self?: object } = {}
    loop.self = loop
    // @ts-expect-error an object that is no JSON
    const sent = room.event('loop', loop)
    await expect(sent).rejects.toBeInstanceOf(TypeError)
    void room.publish('next')
    expect(contents(platform.socket)).toEqual(['next'])
  })

  test('[SDK-32] an answer that makes no sense rejects, with an outcome that is not known', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const one = fate(room.publish('x'))
    platform.socket.say({ type: 'pong', ref: platform.socket.last('chat').ref })
    await platform.rest()
    expect(one.error).toMatchObject({ code: 'internal', outcome: 'unknown' })
  })
})

describe('bounds', () => {
  test('[SDK-33] a thousand at once go 16 at a time, in order, and leave room for others', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const texts = Array.from({ length: 1000 }, (_, i) => `n ${i}`)
    for (const text of texts) void room.publish(text)
    expect(ackAll(platform.socket)).toBe(16)
    expect(contents(platform.socket)).toEqual(texts)
  })

  test('[SDK-33] three rooms at once stay within three quarters of what the server takes, and take turns', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const rooms = ['a', 'b', 'c'].map((name) => {
      const { room } = hear(parlor, name)
      platform.socket.joined()
      return room
    })
    for (const room of rooms) for (let i = 0; i < 100; i++) void room.publish(`${room.name} ${i}`)
    expect(ackAll(platform.socket)).toBe(24)
    const firstOfLast = contents(platform.socket).indexOf('c 0')
    expect(firstOfLast).toBeLessThan(40)
    expect(contents(platform.socket)).toHaveLength(300)
  })

  test('[SDK-33] a server that takes one at a time gets one at a time', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const { room } = hear(parlor)
    await platform.rest()
    platform.socket.welcome({ limits: { ...WELCOME.limits, pending: 1 } })
    platform.socket.joined()
    for (let i = 0; i < 10; i++) void room.publish(`${i}`)
    expect(ackAll(platform.socket)).toBe(1)
    expect(published(platform.socket)).toHaveLength(10)
  })

  test('[SDK-36] beyond the bound of the queue a publish rejects at once; what was answered makes room', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open({ queue: 3 })
    const { room } = hear(parlor)
    const other = hear(parlor, 'other')
    const kept = [room.publish('1'), other.room.publish('2'), room.publish('3')].map(fate)
    await expect(room.publish('4')).rejects.toMatchObject({ code: 'queue_full', outcome: 'not_done' })
    platform.socket.say(
      ...platform.socket.sent.map(({ ref, room: name }) => ({
        type: 'joined',
        ref,
        room: name,
        position: { epoch: 'e1', offset: 0 },
        recovered: false,
      })),
    )
    ackAll(platform.socket)
    await platform.rest()
    expect(kept.every(({ value }) => value !== undefined)).toBe(true)
    const after = fate(room.publish('5'))
    await platform.rest()
    expect(after).toEqual({})
  })

  test('[SDK-36] the default is a thousand', async () => {
    const platform = new FakePlatform()
    const { room } = hear(platform.connect())
    for (let i = 0; i < 1000; i++) void room.publish('x')
    await expect(room.publish('y')).rejects.toMatchObject({ code: 'queue_full' })
  })
})

describe('the end of what waits', () => {
  test('[SDK-10] close() rejects it, saying of each whether it may have been published, and crashes nobody who does not look', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    const other = hear(parlor, 'other')
    platform.socket.say({
      type: 'joined',
      ref: 1,
      room: 'lobby',
      position: { epoch: 'e1', offset: 0 },
      recovered: false,
    })
    const sent = fate(room.publish('sent'))
    const unsent = fate(other.room.publish('unsent'))
    void room.publish('nobody looks at this one')
    parlor.close()
    await platform.rest()
    expect(sent.error).toMatchObject({ code: 'closed', outcome: 'unknown' })
    expect(unsent.error).toMatchObject({ code: 'closed', outcome: 'not_done' })
    await expect(room.publish('later')).rejects.toMatchObject({ code: 'closed' })
  })

  test('[SDK-24] leave(): what is under way is still answered, what was not sent rejects', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const fates = Array.from({ length: 20 }, (_, i) => fate(room.publish(`${i}`)))
    room.leave()
    const under = published(platform.socket)
    expect(under).toHaveLength(16)
    for (const frame of under.slice(0, 10)) platform.socket.ack(frame)
    platform.socket.end(1006)
    await platform.rest()
    expect(
      fates.map(({ value, error }) => (value ? 'published' : error && Reflect.get(Object(error), 'outcome'))),
    ).toEqual([
      ...Array.from({ length: 10 }, () => 'published'),
      ...Array.from({ length: 6 }, () => 'unknown'),
      ...Array.from({ length: 4 }, () => 'not_done'),
    ])
  })

  test('[SDK-24] what the left membership had waiting is not sent by the next one', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    void room.publish('of the first')
    room.leave()
    const second = hear(parlor)
    platform.socket.joined()
    void second.room.publish('of the second')
    expect(contents(platform.socket)).toEqual(['of the second'])
  })

  test('[SDK-37] a transient message goes now or never', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    await expect(room.event('typing', null, { transient: true })).rejects.toMatchObject({ code: 'not_sent' })
    platform.socket.joined()
    const one = fate(room.event('typing', null, { transient: true }))
    const { ref } = platform.socket.last('event')
    expect(platform.socket.last('event')).toEqual({
      ref,
      type: 'event',
      room: 'lobby',
      name: 'typing',
      data: null,
      transient: true,
    })
    platform.socket.say({ type: 'ack', ref, room: 'lobby', duplicate: false })
    const two = fate(room.publish('psst', { transient: true }))
    platform.socket.end(1006)
    await platform.rest()
    expect(one).toEqual({ value: undefined })
    expect(two.error).toMatchObject({ code: 'not_sent', outcome: 'unknown' })
    await platform.pass(600)
    platform.socket.welcome()
    platform.socket.joined({ epoch: 'e1', offset: 0 }, true)
    expect(published(platform.socket)).toEqual([])
  })
})
