import { describe, expect, test } from 'vitest'
import { RequestError } from '../../src/core/errors.ts'
import { createParlor, type Parlor } from '../../src/runtimes/parlor.ts'
import { FakeAdapter } from '../core/fake-adapter.ts'
import { FakeLog, Gate, SeededRandom } from '../core/fake-loop.ts'
import { FakeRuntime, type FakeSocket, HANDSHAKE } from '../http/fake-runtime.ts'
import { unchecked } from '../unchecked.ts'

const HELLO = { kind: 'chat', content: 'hello' } as const

class World {
  readonly runtime = new FakeRuntime()
  readonly adapter: FakeAdapter
  readonly log = new FakeLog()

  constructor() {
    const { loop } = this.runtime
    const limitsOf = () => ({ size: 100, ttl: 60_000, bytes: 1_000_000 })
    this.adapter = new FakeAdapter({ clock: loop, loop, random: new SeededRandom(), limitsOf })
  }

  parlor(): Parlor {
    return createParlor(this.runtime, { auth: 'off', adapter: this.adapter, log: this.log })
  }

  async member(parlor: Parlor, room: string): Promise<FakeSocket> {
    await parlor.routes.request(`/ws?room=${room}`, { headers: HANDSHAKE })
    const socket = this.runtime.open()
    await this.runtime.rest()
    return socket
  }
}

const refusal = async (
  publishing: Promise<unknown>,
): Promise<{ code: string; path: string | undefined; message: string }> => {
  const reason: unknown = await publishing.then(
    () => undefined,
    (failed: unknown) => failed,
  )
  if (!(reason instanceof RequestError)) throw new Error(`not refused: ${String(reason)}`)
  const { code, path, message } = reason
  return { code, path, message }
}

describe('publishing from the application', () => {
  test('[ROOM-11] a Parlor that is closed publishes nothing', async () => {
    const world = new World()
    const parlor = world.parlor()
    await parlor.close()
    expect(await refusal(parlor.publish('r', HELLO))).toMatchObject({ code: 'unavailable' })
    expect(world.adapter.calls).toEqual([])
  })

  test('[ROOM-3] waits until the adapter has started', async () => {
    const world = new World()
    const gate = new Gate<void>()
    const start = world.adapter.start.bind(world.adapter)
    let isStarted = false
    world.adapter.start = async (events) => {
      await gate.promise
      isStarted = true
      await start(events)
    }
    const asked: boolean[] = []
    const publish = world.adapter.publish.bind(world.adapter)
    world.adapter.publish = (room, draft) => {
      asked.push(isStarted)
      return publish(room, draft)
    }
    const parlor = world.parlor()
    const first = parlor.publish('r', HELLO)
    const second = parlor.publish('r', { kind: 'event', name: 'n', data: [1] })
    await world.runtime.rest()
    expect(asked).toEqual([])
    gate.open()
    expect((await first).position?.offset).toBe(1)
    expect((await second).position?.offset).toBe(2)
    expect(asked).toEqual([true, true])
  })

  test('[ROOM-11] is unavailable where the adapter did not start', async () => {
    const world = new World()
    world.adapter.start = () => {
      throw new Error('no engine')
    }
    const parlor = world.parlor()
    expect(await refusal(parlor.publish('r', HELLO))).toMatchObject({ code: 'unavailable' })
    expect(world.log.lines).toEqual(['error: the adapter did not start: rooms are unavailable'])
  })

  test.each(['', 'x'.repeat(129), 'a\nb', '\u0000chat', undefined, 5])(
    '[WS-10] into a room that can not be: %j',
    async (room) => {
      expect(await refusal(new World().parlor().publish(unchecked(room), HELLO))).toEqual({
        code: 'invalid_room',
        path: 'room',
        message: "A room's name has 1 to 128 characters and no controls",
      })
    },
  )

  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  let deep: unknown = 1
  for (let levels = 0; levels < 200; levels++) deep = [deep]

  test.each([
    ['no kind', { content: 'x' }, 'kind', /'chat' or 'event'/],
    ['a kind that is none', { kind: 'join', room: 'r' }, 'kind', /'chat' or 'event'/],
    ['no content', { kind: 'chat' }, 'content', /content/],
    ['content that is a number', { kind: 'chat', content: 5 }, 'content', /string/],
    ['an event without a name', { kind: 'event', data: 1 }, 'name', /name/],
    ['a name of 129', { kind: 'event', name: 'x'.repeat(129), data: 1 }, 'name', /128/],
    ['no data', { kind: 'event', name: 'n' }, 'data', /data/],
    ['data that is undefined', { kind: 'event', name: 'n', data: undefined }, 'data', /data/],
    ['data that is a function', { kind: 'event', name: 'n', data: () => 1 }, 'data', /data/],
    ['data with a bigint', { kind: 'event', name: 'n', data: { a: 1n } }, 'data', /BigInt/],
    ['data in a circle', { kind: 'event', name: 'n', data: loop }, 'data', /circular/i],
    ['data of 200 levels', { kind: 'event', name: 'n', data: deep }, 'data', /128 levels/],
    ['an empty id', { ...HELLO, id: '' }, 'id', /./],
    ['an id of 65', { ...HELLO, id: 'x'.repeat(65) }, 'id', /./],
    ['transient that is no boolean', { ...HELLO, transient: 'yes' }, 'transient', /boolean/],
    ['a user without a name', { ...HELLO, from: { id: 'shop' } }, 'from', /an id and a name/],
    ['nothing', undefined, 'message', /object/],
    ['a text', 'hello', 'message', /object/],
  ])('[WS-3] %s is refused with the field that is meant', async (_, message, path, what) => {
    const world = new World()
    const parlor = world.parlor()
    const member = await world.member(parlor, 'r')
    const found = await refusal(parlor.publish('r', unchecked(message)))
    expect(found).toMatchObject({ code: 'invalid_frame', path })
    expect(found.message).toMatch(what)
    expect(found.message.startsWith(`${path}: `)).toBe(true)
    await world.runtime.rest()
    expect(member.frames().map(({ type }) => type)).toEqual(['welcome', 'joined'])
  })

  test('[CLIENT-10] a message takes 1 MiB of JSON at most, whatever the limit for clients', async () => {
    const world = new World()
    const parlor = createParlor(world.runtime, { auth: 'off', adapter: world.adapter, limits: { message: 10 } })
    const most = 1024 * 1024 - JSON.stringify({ kind: 'chat', content: '' }).length
    const chat = (content: string) => parlor.publish('r', { kind: 'chat', content })
    expect((await chat('x'.repeat(most))).position?.offset).toBe(1)
    const tooLarge = {
      code: 'message_too_large',
      path: 'message',
      message: 'message: Expected at most 1048576 bytes of JSON',
    }
    expect(await refusal(chat('x'.repeat(most + 1)))).toEqual(tooLarge)
    expect(await refusal(chat('ü'.repeat(most / 2 + 1)))).toEqual(tooLarge)
    const from = { id: 'x'.repeat(most), name: 'x' }
    expect(await refusal(parlor.publish('r', { ...HELLO, from, transient: true }))).toEqual(tooLarge)
    expect(world.adapter.calls).toEqual(['publish r'])
  })

  test('[ROOM-11] what is undefined is as not given', async () => {
    const parlor = new World().parlor()
    const message = { ...HELLO, from: undefined, id: undefined, transient: undefined }
    expect((await parlor.publish('r', message)).position?.offset).toBe(1)
    expect((await parlor.publish('r', message)).position?.offset).toBe(2)
  })

  test('[AUTH-4] what is published is a copy, as JSON has it, from an id and a name', async () => {
    const world = new World()
    const parlor = world.parlor()
    const member = await world.member(parlor, 'r')
    const data = { at: new Date(0), gone: undefined, items: ['tea'] }
    const from = { id: 'shop', name: 'The shop', apiKey: 'x' }
    const publishing = parlor.publish('r', unchecked({ kind: 'event', name: 'ordered', data, from, id: undefined }))
    data.items.push('coffee')
    from.name = 'Eve'
    await publishing
    await world.runtime.rest()
    expect(member.frames().at(-1)).toMatchObject({
      type: 'event',
      from: { id: 'shop', name: 'The shop' },
      data: { at: '1970-01-01T00:00:00.000Z', items: ['tea'] },
    })
    expect(member.transport.texts.join()).not.toMatch(/apiKey|coffee|gone/)
  })
})
