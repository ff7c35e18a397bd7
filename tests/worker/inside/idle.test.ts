import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StreamPosition } from '../../../src/core/protocol.ts'
import { eventLoop } from '../../../src/runtimes/worker/loop.ts'
import { nameOf } from '../../../src/runtimes/worker/name.ts'
import { abort, alarmOf, answering, Client, draft, GATEWAY, objectOf, sql, strike, within } from './parlor-objects.ts'
import { clock, ownTime } from './time.ts'

const { admit } = answering

const WINDOW = 300_000
/** ms that 80 rooms may take to be left on a busy machine. */
const PATIENCE = 20_000
const TABLES = "SELECT name FROM sqlite_master WHERE name LIKE 'parlor%'"

beforeEach(() => {
  ownTime()
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** An alarm is set for an object that has just lost its last socket, and empties it. */
async function emptiedByAlarm(object: string): Promise<void> {
  await vi.waitFor(async () => expect(await alarmOf(object)).not.toBeNull())
  clock.pass(WINDOW)
  expect(await strike(object)).toBe(true)
  expect(await sql(object, TABLES)).toEqual([])
}

describe('[ROOM-9] the storage of a room that nobody is in', () => {
  test('is emptied by its alarm when its log has expired: no table, no alarm; and can be published to again', async () => {
    const room = objectOf('room:idle')
    for (let at = 0; at < 150; at++) await room.publish(draft('x', `${at}`), '')
    const first = await room.publish(draft('x'), '')
    expect(await sql('room:idle', 'SELECT count(*) AS n FROM parlor_client_ids')).toEqual([{ n: 150 }])
    const at = (await alarmOf('room:idle')) ?? 0
    expect(at - clock.now()).toBeLessThanOrEqual(WINDOW)
    clock.pass(WINDOW + 2000)
    // The log may have been looked at while some of it was left.
    for (let looks = 0; looks < 3 && (await strike('room:idle')); looks++) clock.pass(WINDOW)
    expect(await sql('room:idle', TABLES)).toEqual([])
    expect(await alarmOf('room:idle')).toBeNull()
    const again = await room.publish(draft('x'), '')
    expect(again).toMatchObject({ ok: true, value: { position: { offset: 1 } } })
    if (!(first.ok && again.ok)) throw new Error('unreachable: it was published')
    expect(again.value.position?.epoch).not.toBe(first.value.position?.epoch)
  })

  test('is emptied also where its alarms find it without its memory each time', async () => {
    const ann = await Client.joined('cold')
    await published('cold')
    ann.send({ type: 'leave', room: 'cold', ref: 1 })
    await ann.next('left')
    await vacant('room:cold')
    ann.close()
    for (let looks = 0; looks < 2; looks++) {
      clock.pass(WINDOW + 1000)
      await evictDurableObject(env.PARLOR.getByName('room:cold'))
      await strike('room:cold')
    }
    expect(await sql('room:cold', TABLES)).toEqual([])
  })

  test('is emptied where it was only joined, some time after its last member left', async () => {
    const ann = await Client.joined('visited')
    expect(await objectOf('room:visited').admit('gw:elsewhere:0')).toMatchObject({ offset: 0 })
    expect(await strike('room:visited')).toBe(false)
    await objectOf('room:visited').dismiss('gw:elsewhere:0')
    ann.send({ type: 'leave', room: 'visited', ref: 1 })
    await ann.next('left')
    await vacant('room:visited')
    clock.pass(WINDOW)
    expect(await strike('room:visited')).toBe(true)
    expect(await sql('room:visited', TABLES)).toEqual([])
    ann.close()
  })

  test.each([
    ['is awake', 'left', async () => {}],
    ['has lost its memory', 'asleep', (object: string) => evictDurableObject(env.PARLOR.getByName(object))],
  ])(
    '[WORKER-13] is kept for 5 minutes after the last member, also where it was only joined; the object %s',
    async (_, room, lose) => {
      const object = `room:${room}`
      const ann = await Client.open(`?room=${room}`)
      const { position } = await ann.next('joined')
      ann.send({ type: 'leave', room, ref: 1 })
      await ann.next('left')
      ann.close()
      clock.pass(10_000)
      await early(object, lose)
      expect(await back(room, position)).toBe(true)
      // It has left again: what was before does not count.
      clock.pass(WINDOW - 10_000)
      await early(object, lose)
      expect(await back(room, position)).toBe(true)
      clock.pass(WINDOW)
      await lose(object)
      await vi.waitFor(async () => {
        await early(object)
        expect(await sql(object, TABLES)).toEqual([])
      })
      expect(await back(room, position)).toBe(false)
    },
  )

  test('[WORKER-13] [ROOM-16] is kept for 5 minutes after the last member, though its log expired just then', async () => {
    const ann = await Client.joined('expired')
    const { position } = await published('expired')
    clock.pass(WINDOW - 10_000)
    ann.send({ type: 'leave', room: 'expired', ref: 1 })
    await ann.next('left')
    await vacant('room:expired')
    clock.pass(WINDOW - 10_000)
    await early('room:expired')
    if (!position) throw new Error('unreachable: it was published')
    expect(await back('expired', position)).toBe(true)
    ann.close()
  })

  test('[WORKER-13] is kept as long where its members were lost with its memory', async () => {
    const object = 'room:lost'
    const ann = await Client.open('?room=lost')
    const { position } = await ann.next('joined')
    clock.pass(2 * WINDOW)
    await abort(object)
    await early(object)
    clock.pass(WINDOW - 10_000)
    await early(object)
    expect(await back('lost', position)).toBe(true)
    ann.close()
  })

  test('[WORKER-13] [ROOM-16] is kept as long where they were lost just before its log expired, and no longer', async () => {
    const object = 'room:cut'
    const evict = (): Promise<void> => evictDurableObject(env.PARLOR.getByName(object))
    await (await Client.open('?room=cut')).next('joined')
    const { position } = await published('cut')
    if (!position) throw new Error('unreachable: it was published')
    clock.pass(WINDOW - 1000)
    await abort(object)
    await early(object)
    clock.pass(WINDOW - 10_000)
    await early(object, evict)
    expect(await objectOf(object).history(position, 1)).toMatchObject({ publications: [], intact: true })
    clock.pass(10_000)
    await early(object, evict)
    expect(await sql(object, TABLES)).toEqual([])
  })

  test('is kept while somebody is in it, also where its memory was lost', async () => {
    const ann = await Client.joined('held')
    const { position } = await published('held')
    clock.pass(2 * WINDOW)
    expect(await strike('room:held')).toBe(true)
    await abort('room:held')
    const kept = await published('held')
    expect(kept.position).toEqual({ epoch: position?.epoch, offset: 2, id: expect.any(String) })
    expect((await ann.next('chat')).offset).toBe(1)
    expect((await ann.next('chat')).offset).toBe(2)
    ann.close()
  })
})

test.each([
  ['it was joined', 'joined-then', [] as const],
  ['it may have been joined', 'perhaps', ['admit'] as const],
])(
  '[WORKER-13] [WORKER-1] a room of another object is left by the alarm, and no timer, where %s and can’t be reached',
  async (_, room, alsoFails) => {
    const ann = await Client.open()
    const bad = (['dismiss', ...alsoFails] as const).map((name) =>
      vi.spyOn(answering, name).mockImplementation(async function (this: unknown, object: string) {
        if (name === 'admit') await admit.call(this, object)
        throw new Error('the answer is lost')
      }),
    )
    const timers = vi.spyOn(eventLoop, 'after')
    ann.send({ type: 'join', room, ref: 'join' })
    if (alsoFails.length === 0) {
      await ann.next('joined')
      ann.send({ type: 'leave', room, ref: 'leave' })
    } else expect(await ann.next('error')).toMatchObject({ code: 'unavailable' })
    await vi.waitFor(() => expect(bad[0]).toHaveBeenCalled())
    ann.send({ type: 'ping' })
    await ann.next('pong')
    expect(timers.mock.calls.filter(([ms]) => ms < 10_000)).toEqual([])
    expect(await sql(`room:${room}`, 'SELECT object FROM parlor_audience')).toEqual([{ object: `"${GATEWAY}"` }])
    for (const each of bad) each.mockRestore()
    await vi.waitFor(async () => expect(await strike(GATEWAY)).toBe(true))
    await vacant(`room:${room}`)
    ann.close()
  },
)

describe('[WORKER-13] an object that was asked for something that leaves nothing', () => {
  test.each([
    [
      'a message to who is there now',
      'whisper',
      (room: string) => objectOf(room).publish({ ...draft('x'), transient: true }, ''),
    ],
    [
      'what may have been published before',
      'old',
      (room: string) => objectOf(room).publish({ ...draft('x', 'one'), age: WINDOW }, ''),
    ],
    ['a page of its log', 'page', (room: string) => objectOf(room).history({ epoch: '', offset: 0 }, 1)],
    ['to let go of an object that it does not know', 'stray', (room: string) => objectOf(room).dismiss(GATEWAY)],
    ['a handshake that is none', 'call', (room: string) => objectOf(room).fetch(new Request('http://parlor.test/ws'))],
  ])('is emptied: %s', async (_, room, ask) => {
    const object = `room:${room}`
    await ask(object)
    expect(await sql(object, TABLES)).not.toEqual([])
    // Somebody may have been in the room, whom memory was lost with: it is kept for them once more.
    for (let looks = 0; looks < 2; looks++) {
      clock.pass(WINDOW)
      expect(await strike(object)).toBe(true)
    }
    expect(await sql(object, TABLES)).toEqual([])
    expect(await alarmOf(object)).toBeNull()
  })

  test('is emptied when a socket has ended that was in none of its rooms any more', async () => {
    const object = 'room:stays'
    const ann = await Client.open('?room=stays')
    await ann.next('joined')
    ann.send({ type: 'leave', room: 'stays', ref: 1 })
    await ann.next('left')
    clock.pass(WINDOW)
    expect(await strike(object)).toBe(true)
    expect(await sql(object, TABLES)).not.toEqual([])
    ann.close()
    await emptiedByAlarm(object)
  })

  test('is emptied when it has left the rooms of others', async () => {
    const object = 'room:abroad'
    const ann = await Client.open('?room=abroad')
    await ann.next('joined')
    for (const [at, room] of ['abroad', 'home'].entries()) {
      ann.send({ type: 'join', room: 'home', ref: `${at}` })
      await ann.next('joined')
      ann.send({ type: 'leave', room, ref: `${at}` })
      await ann.next('left')
    }
    clock.pass(WINDOW)
    expect(await strike(object)).toBe(true)
    ann.close()
    await emptiedByAlarm(object)
  })
})

test('[WORKER-13] an object that an alarm woke without its name, and emptied, knows it when somebody comes', async () => {
  const object = 'room:nameless'
  await objectOf(object).publish(draft('x'), '')
  // What the runtime has where an alarm wakes an object after a restart.
  const id = env.PARLOR.idFromString(env.PARLOR.idFromName(object).toString())
  await within(object, async ({ storage }) => {
    const name = nameOf({ id, storage }, undefined)
    await storage.deleteAll()
    expect(nameOf({ id, storage }, name)).toBe(object)
    expect(nameOf({ id, storage }, undefined)).toBe(object)
  })
})

test('[WORKER-13] what is kept of a connection that is too large for its socket goes when it ends', async () => {
  const ann = await Client.open()
  const rooms = Array.from({ length: 80 }, (_, at) => `${at}`.padEnd(128, 'r'))
  for (const room of rooms) ann.send({ type: 'join', room })
  for (const _ of rooms) await ann.next('joined')
  const rows = () => sql(GATEWAY, 'SELECT count(*) AS n FROM parlor_connections')
  expect(await rows()).toEqual([{ n: 1 }])
  ann.close()
  await vi.waitFor(async () => expect(await rows()).toEqual([{ n: 0 }]))
  // As soon as all rooms know that it is gone.
  await vi.waitFor(async () => {
    await within(GATEWAY, ({ storage }) => storage.setAlarm(Date.now() + WINDOW))
    await strike(GATEWAY)
    expect(await sql(GATEWAY, TABLES)).toEqual([])
  }, PATIENCE)
})

describe('[WORKER-13] a room whose last member was in a gateway that had no memory', () => {
  test('is left when that member goes', async () => {
    const ann = await Client.joined('forsaken')
    await published('forsaken')
    await evictDurableObject(env.PARLOR.getByName(GATEWAY))
    ann.close()
    await vacant('room:forsaken')
    expect(await sql(GATEWAY, 'SELECT room FROM parlor_subscriptions')).toEqual([])
  })

  test('is left by the alarm where it could not be reached then', async () => {
    const ann = await Client.joined('unreached')
    await evictDurableObject(env.PARLOR.getByName(GATEWAY))
    const fails = vi.spyOn(answering, 'dismiss').mockRejectedValue(new Error('the object is overloaded'))
    ann.close()
    await vi.waitFor(() => expect(fails).toHaveBeenCalled())
    expect(await sql(GATEWAY, 'SELECT room FROM parlor_subscriptions')).toEqual([{ room: '"unreached"' }])
    fails.mockRestore()
    await vi.waitFor(async () => expect(await strike(GATEWAY)).toBe(true))
    await vacant('room:unreached')
    expect(await sql(GATEWAY, 'SELECT room FROM parlor_subscriptions')).toEqual([])
  })
})

test('[ROOM-1] [ROOM-4] an alarm that comes twice, or too early, changes nothing', async () => {
  const ann = await Client.joined('twice')
  await published('twice')
  for (let times = 0; times < 3; times++) {
    await strike('room:twice')
    await sql('room:twice', 'SELECT 1')
  }
  const { position } = await published('twice')
  expect(position?.offset).toBe(2)
  expect((await ann.next('chat')).offset).toBe(1)
  expect((await ann.next('chat')).offset).toBe(2)
  ann.send({ type: 'ping', ref: 'end' })
  await ann.next('pong')
  expect(ann.pending).toEqual(['welcome'])
  ann.close()
})

/** The alarm strikes, as it may for many reasons. */
async function early(object: string, lose = async (_object: string): Promise<void> => {}): Promise<void> {
  await within(object, ({ storage }) => storage.setAlarm(Date.now() + WINDOW))
  await lose(object)
  expect(await strike(object)).toBe(true)
}

/** Comes back to a room, goes, and says whether it was recovered. */
async function back(room: string, since: StreamPosition): Promise<boolean> {
  const client = await Client.open()
  client.send({ type: 'join', room, since, ref: 'back' })
  const { recovered } = await client.next('joined')
  client.send({ type: 'leave', room, ref: 'gone' })
  await client.next('left')
  client.close()
  await vacant(`room:${room}`)
  return recovered
}

/** Who left a room in another object is gone from it a moment later. */
async function vacant(object: string): Promise<void> {
  await vi.waitFor(async () => expect(await sql(object, 'SELECT object FROM parlor_audience')).toEqual([]))
}

async function published(room: string) {
  const answered = await objectOf(`room:${room}`).publish(draft('x'), '')
  if (!answered.ok) throw new Error(answered.message)
  return answered.value
}
