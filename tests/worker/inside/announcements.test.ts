import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ObjectAdapter } from '../../../src/adapters/object-adapter.ts'
import { DEFAULT_LOG_LIMITS } from '../../../src/core/settings.ts'
import { abort, alarmOf, answering, Client, draft, GATEWAY, objectOf, sql, strike, within } from './parlor-objects.ts'
import { clock, ownTime } from './time.ts'

/** ms within which a member in another object hears of what was published, whatever becomes of the room's object. */
const SOON = 10_000
const AUDIENCE = 'SELECT object FROM parlor_audience'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A room's object appends this, and dies before it could tell anybody. */
async function diesUnheard(object: string, ...drafts: readonly ReturnType<typeof draft>[]): Promise<void> {
  const deaf = vi.spyOn(answering, 'announce').mockRejectedValue(new Error('the gateway is gone'))
  for (const each of drafts) await objectOf(object).publish(each, '')
  await vi.waitFor(() => expect(deaf).toHaveBeenCalled())
  await abort(object)
  deaf.mockRestore()
}

describe('[WORKER-7] [WORKER-11] a member in another object', () => {
  test('hears of what was published, though the room’s object died before it could tell', async () => {
    const ann = await Client.joined('dies')
    const deaf = vi.spyOn(answering, 'announce').mockRejectedValue(new Error('the gateway is gone'))
    await objectOf('room:dies').publish(draft('unheard'), '')
    await vi.waitFor(() => expect(deaf).toHaveBeenCalled())
    expect(((await alarmOf('room:dies')) ?? Number.POSITIVE_INFINITY) - Date.now()).toBeLessThanOrEqual(SOON)
    await abort('room:dies')
    deaf.mockRestore()
    // Nothing of what waited there is left: only the alarm can tell.
    expect(await strike('room:dies')).toBe(true)
    expect(await ann.next('chat')).toMatchObject({ offset: 1, content: 'unheard' })
    ann.close()
  })

  test('that published it hears it before the ack, though the room’s object died before it could tell, and it was sent again', async () => {
    const ann = await Client.joined('repeats')
    let isDead = false
    const deaf = vi.spyOn(answering, 'announce').mockImplementationOnce(async () => {
      // It looks by itself: nobody else's promise may wake an object.
      await vi.waitFor(() => expect(isDead).toBe(true), { interval: 5, timeout: 10_000 })
      throw new Error('nobody is there to hear this')
    })
    ann.send({ type: 'chat', content: 'x', id: 'one', ref: 1 })
    await vi.waitFor(() => expect(deaf).toHaveBeenCalled())
    await abort('room:repeats')
    isDead = true
    expect(await ann.next('error')).toMatchObject({ code: 'unavailable', ref: 1 })
    ann.send({ type: 'chat', content: 'x', id: 'one', age: 1, ref: 2 })
    expect(await ann.next('ack')).toMatchObject({ duplicate: true, position: { offset: 1 }, ref: 2 })
    expect(ann.pending).toEqual(['welcome', 'chat'])
    ann.close()
  })

  test('hears it before the ack of a repeat also where a transient message is under way to it by then', async () => {
    const ann = await Client.joined('busy')
    const { user } = await ann.next('welcome')
    await diesUnheard('room:busy', draft('x', 'one', user.id))
    const { announce } = answering
    const repeats = vi.spyOn(answering, 'publish')
    const calls = vi.spyOn(answering, 'announce').mockImplementationOnce(async function (this: unknown, ...args) {
      // It looks by itself: nobody else's promise may wake an object.
      await vi.waitFor(() => expect(repeats).toHaveBeenCalledTimes(2), { interval: 5, timeout: 10_000 })
      return announce.apply(this, args)
    })
    await objectOf('room:busy').publish({ ...draft('now'), transient: true }, '')
    await vi.waitFor(() => expect(calls).toHaveBeenCalled())
    ann.send({ type: 'chat', content: 'x', id: 'one', age: 1, ref: 1 })
    expect(await ann.next('ack')).toMatchObject({ duplicate: true, position: { offset: 1 } })
    expect(ann.pending).toEqual(['chat', 'chat'])
    ann.close()
  })

  test('hears it before the ack of a repeat also where it has missed more, and reads the log for it', async () => {
    const ann = await Client.joined('missed')
    const { user } = await ann.next('welcome')
    await diesUnheard('room:missed', draft('x', 'one', user.id), draft('x', 'two', user.id))
    ann.send({ type: 'chat', content: 'x', id: 'one', age: 1, ref: 1 })
    expect(await ann.next('ack')).toMatchObject({ duplicate: true, position: { offset: 1 } })
    expect(ann.pending).toEqual(['chat', 'chat'])
    ann.close()
  })

  test('hears what it published before the ack, however many transient messages came after it', async () => {
    const ann = await Client.joined('noisy')
    const { announce } = answering
    let isNoisy = false
    const calls = vi.spyOn(answering, 'announce').mockImplementationOnce(async function (this: unknown, ...args) {
      await vi.waitFor(() => expect(isNoisy).toBe(true), { interval: 5, timeout: 10_000 })
      return announce.apply(this, args)
    })
    const say = (content: string) => objectOf('room:noisy').publish({ ...draft(content), transient: true }, '')
    await say('first')
    await vi.waitFor(() => expect(calls).toHaveBeenCalled())
    const publishes = vi.spyOn(answering, 'publish')
    ann.send({ type: 'chat', content: 'x', ref: 1 })
    await vi.waitFor(() => expect(publishes).toHaveBeenCalled())
    for (let at = 0; at < 100; at++) await say(`${at}`)
    isNoisy = true
    await ann.next('ack')
    let heard = await ann.next('chat')
    while (ann.pending.includes('chat') && heard.content !== 'x') heard = await ann.next('chat')
    expect(heard).toMatchObject({ offset: 1, content: 'x' })
    ann.close()
  })

  test('hears of it also where it expires before that alarm', async () => {
    ownTime()
    const ann = await Client.joined('expires')
    await diesUnheard('room:expires', draft('unheard'))
    clock.pass(DEFAULT_LOG_LIMITS.ttl)
    expect(await strike('room:expires')).toBe(true)
    expect(await ann.next('chat')).toMatchObject({ offset: 1, content: 'unheard' })
    ann.close()
  })

  test('hears of it also where it has expired by then, the gateway can’t be reached, and the object dies once more', async () => {
    ownTime()
    const rows = () => sql('room:again-dead', 'SELECT count(*) AS n FROM parlor_publications')
    const ann = await Client.joined('again-dead')
    const deaf = vi.spyOn(answering, 'announce').mockRejectedValue(new Error('the gateway is gone'))
    await objectOf('room:again-dead').publish(draft('heard by nobody'), '')
    await objectOf('room:again-dead').publish(draft('unheard'), '')
    await vi.waitFor(() => expect(deaf).toHaveBeenCalled())
    for (let deaths = 0; deaths < 2; deaths++) {
      await abort('room:again-dead')
      clock.pass(DEFAULT_LOG_LIMITS.ttl)
      expect(await strike('room:again-dead')).toBe(true)
      expect(await rows()).toEqual([{ n: 1 }])
    }
    await abort('room:again-dead')
    deaf.mockRestore()
    clock.pass(60_000)
    expect(await strike('room:again-dead')).toBe(true)
    expect(await ann.next('gap')).toMatchObject({ from: 1, to: 2 })
    expect(await rows()).toEqual([{ n: 0 }])
    ann.close()
  })

  test('gets all that it was not told of, in order, when one of it arrives', async () => {
    const ann = await Client.joined('jumps')
    await objectOf('room:jumps').publish(draft('1'), '')
    expect((await ann.next('chat')).offset).toBe(1)
    const deaf = vi.spyOn(answering, 'announce').mockRejectedValue(new Error('the gateway is gone'))
    for (let at = 2; at <= 6; at++) await objectOf('room:jumps').publish(draft(`${at}`), '')
    await abort('room:jumps')
    deaf.mockRestore()
    await objectOf('room:jumps').publish(draft('7'), '')
    for (let at = 2; at <= 7; at++) expect(await ann.next('chat')).toMatchObject({ offset: at, content: `${at}` })
    ann.close()
  })

  test('is told once more by the alarm where it is not known any more that it was, and then no alarm is set for that', async () => {
    const ann = await Client.joined('asleep')
    await objectOf('room:asleep').publish(draft('x'), '')
    await ann.next('chat')
    await evictDurableObject(env.PARLOR.getByName('room:asleep'))
    const calls = vi.spyOn(answering, 'announce')
    expect(await strike('room:asleep')).toBe(true)
    expect(calls).toHaveBeenCalledTimes(1)
    // When its log expires.
    expect(((await alarmOf('room:asleep')) ?? Number.POSITIVE_INFINITY) - Date.now()).toBeGreaterThan(10 * SOON)
    ann.send({ type: 'ping', ref: 'end' })
    await ann.next('pong')
    expect(ann.pending).toEqual(['welcome'])
    ann.close()
  })

  test('is woken for that once, however often the room’s object wakes without its memory later, until something is published', async () => {
    const object = 'room:often'
    const ann = await Client.joined('often')
    const calls = vi.spyOn(answering, 'announce')
    for (const [at, content] of ['x', 'y'].entries()) {
      await objectOf(object).publish(draft(content), '')
      await ann.next('chat')
      for (let wakes = 0; wakes < 4; wakes++) {
        await within(object, ({ storage }) => storage.setAlarm(Date.now() + SOON))
        await evictDurableObject(env.PARLOR.getByName(object))
        expect(await strike(object)).toBe(true)
      }
      // As it was published, and once more since nobody knew.
      expect(calls).toHaveBeenCalledTimes(2 * (at + 1))
    }
    ann.close()
  })

  test('hears of what is published thick in few calls: what comes while one is under way goes with the next', async () => {
    const ann = await Client.joined('thick')
    const calls = vi.spyOn(answering, 'announce')
    await objectOf('room:thick').publish(draft('alone'), '')
    expect(await ann.next('chat')).toMatchObject({ offset: 1 })
    expect(calls).toHaveBeenCalledTimes(1)
    const many = Array.from({ length: 60 }, (_, at) => objectOf('room:thick').publish(draft(`${at}`), ''))
    await Promise.all(many)
    for (let offset = 2; offset <= 61; offset++) expect(await ann.next('chat')).toMatchObject({ offset })
    expect(calls.mock.calls.length).toBeLessThan(15)
    ann.close()
  })

  test('hears all after it joined again, though an announcement from before is answered only then: that nobody was there', async () => {
    const ann = await Client.joined('again')
    const { announce } = answering
    let isOut = false
    let isAnswered = false
    let isBack = false
    vi.spyOn(answering, 'announce').mockImplementationOnce(async function (this: unknown, ...args) {
      // It looks by itself: nobody else's promise may wake an object.
      await vi.waitFor(() => expect(isOut).toBe(true), { interval: 5, timeout: 10_000 })
      const isHeard = await announce.apply(this, args)
      isAnswered = true
      await vi.waitFor(() => expect(isBack).toBe(true), { interval: 5, timeout: 10_000 })
      return isHeard
    })
    await objectOf('room:again').publish(draft('1'), '')
    ann.send({ type: 'leave', room: 'again', ref: 'leave' })
    await ann.next('left')
    await vi.waitFor(async () => expect(await sql('room:again', AUDIENCE)).toEqual([]))
    isOut = true
    await vi.waitFor(() => expect(isAnswered).toBe(true))
    ann.send({ type: 'join', room: 'again', ref: 'join' })
    expect((await ann.next('joined')).position.offset).toBe(1)
    isBack = true
    // Published when that answer has come, or told with what comes after it.
    await objectOf('room:again').publish(draft('2'), GATEWAY)
    await objectOf('room:again').publish(draft('3'), GATEWAY)
    for (let at = 2; at <= 3; at++) expect(await ann.next('chat')).toMatchObject({ offset: at, content: `${at}` })
    ann.close()
  })

  test('who was told is not told again by the alarm', async () => {
    const ann = await Client.joined('told')
    await objectOf('room:told').publish(draft('x'), '')
    await ann.next('chat')
    const calls = vi.spyOn(answering, 'announce')
    expect(await strike('room:told')).toBe(true)
    expect(calls).not.toHaveBeenCalled()
    ann.close()
  })
})

test('[ROOM-14] [WS-14] a room whose object does not answer is unavailable; the connection lives, and the same again is done once', async () => {
  const ann = await Client.joined('reached')
  const fails = (['admit', 'publish', 'history'] as const).map((name) =>
    vi.spyOn(answering, name).mockRejectedValue(new Error('the object is overloaded')),
  )
  const chat = { type: 'chat', room: 'reached', content: 'x', id: 'one' }
  const requests = [
    { ...chat, ref: 1 },
    { type: 'join', room: 'other', ref: 2 },
    { type: 'history', room: 'reached', before: { epoch: 'e', offset: 9, id: 'i' }, ref: 3 },
  ]
  for (const request of requests) {
    ann.send(request)
    expect(await ann.next('error')).toMatchObject({ code: 'unavailable', retryable: true, ref: request.ref })
  }
  for (const fail of fails) fail.mockRestore()
  for (const duplicate of [false, true]) {
    ann.send({ ...chat, ref: 4 })
    expect(await ann.next('ack')).toMatchObject({ duplicate, position: { offset: 1 } })
  }
  ann.send({ type: 'join', room: 'other', ref: 5 })
  expect(await ann.next('joined')).toMatchObject({ room: 'other' })
  ann.close()
})

test('[CLIENT-10] [CLIENT-21] what is too large for the storage of an object, as numbers written out may be, is refused for good', async () => {
  const body = { kind: 'event', name: 'n', data: Array.from({ length: 110_000 }, () => 1e20) } as const
  const room = objectOf('room:large')
  expect(await room.publish({ ...draft('x'), body }, '')).toMatchObject({ ok: false, code: 'message_too_large' })
  expect(await room.publish({ ...draft('x'), body: { ...body, data: body.data.slice(20_000) } }, '')).toMatchObject({
    ok: true,
    value: { position: { offset: 1 } },
  })
})

test('[CONN-2] [WORKER-1] a gateway that always has a call under way ends its events all the same', async () => {
  const clients = [await Client.joined('busy-1'), await Client.joined('busy-2')]
  let lasting = 0
  const { settled } = ObjectAdapter.prototype
  vi.spyOn(ObjectAdapter.prototype, 'settled').mockImplementation(function (this: ObjectAdapter) {
    const promise = settled.call(this)
    if (promise) lasting++
    return promise?.finally(() => lasting--)
  })
  const { publish } = answering
  let held = 0
  let released = 0
  const calls = vi.spyOn(answering, 'publish').mockImplementation(async function (this: unknown, ...args) {
    const at = held++
    // It looks by itself: nobody else's promise may wake an object.
    await vi.waitFor(() => expect(released).toBeGreaterThan(at), { interval: 5, timeout: 10_000 })
    return publish.apply(this, args)
  })
  const say = async (at: number): Promise<void> => {
    clients[at % 2]?.send({ type: 'chat', content: 'x', ref: at })
    await vi.waitFor(() => expect(calls).toHaveBeenCalledTimes(at + 1))
  }
  await say(0)
  // Each ends when the next one is under way.
  for (let at = 1; at <= 20; at++) {
    await say(at)
    released++
    await clients[(at - 1) % 2]?.next('ack')
  }
  expect(lasting).toBeLessThanOrEqual(2)
  released++
  await vi.waitFor(() => expect(lasting).toBe(0))
  for (const client of clients) client.close()
})
