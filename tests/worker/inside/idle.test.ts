import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/http/platform.ts'
import { abort, alarmOf, Client, draft, GATEWAY, objectOf, sql, strike, within } from './parlor-objects.ts'
import { clock } from './time.ts'

const WINDOW = 300_000
const TABLES = "SELECT name FROM sqlite_master WHERE name LIKE 'parlor%'"

beforeEach(() => {
  vi.spyOn(systemClock, 'now').mockImplementation(() => clock.now())
})
afterEach(() => {
  vi.restoreAllMocks()
})

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

  test('is emptied where it was only joined, some time after its last member left', async () => {
    const ann = await Client.joined('visited')
    expect(await objectOf('room:visited').admit('gw:elsewhere:0')).toMatchObject({ offset: 0 })
    expect(await strike('room:visited')).toBe(false)
    await objectOf('room:visited').dismiss('gw:elsewhere:0')
    ann.send({ type: 'leave', room: 'visited', ref: 1 })
    await ann.next('left')
    clock.pass(WINDOW)
    await vi.waitFor(async () => expect(await strike('room:visited')).toBe(true))
    expect(await sql('room:visited', TABLES)).toEqual([])
    ann.close()
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

async function published(room: string) {
  const answered = await objectOf(`room:${room}`).publish(draft('x'), '')
  if (!answered.ok) throw new Error(answered.message)
  return answered.value
}
