import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Client, World } from './fake-world.ts'

/** In each of some rooms nearly all is published that one keeps: 75 MiB in all. */
const ROOMS = 20
const PUBLICATIONS = 15
const content = 'x'.repeat(256 * 1024)

const names = Array.from({ length: ROOMS }, (_, at) => `r${at}`)

/** A member of all rooms, into which is published, the first one first. */
async function fill(world: World): Promise<Client> {
  const member = world.connect()
  for (const room of names) member.join(room)
  await world.rest()
  for (const room of names) {
    for (let at = 0; at < PUBLICATIONS; at++) await world.publish(room, content)
    world.loop.advance(10)
    await world.rest()
  }
  return member
}

test.each([
  ['64 Mi characters', 64, undefined],
  ['what a platform allows', 60, 60 * 1024 * 1024],
])(
  '[ROOM-4] copies of logs are bounded together by %s: the least recently published go, and the log is asked',
  async (_, mebi, mostCopied) => {
    const world = new World({ ...(mostCopied === undefined ? {} : { mostCopied }) })
    const member = await fill(world)
    const asked = new Map<string, boolean>()
    const joined = member.all('joined')
    for (const { room, position } of [...joined.slice(0, 8), ...joined.slice(-1)]) {
      world.adapter.calls.length = 0
      const late = world.connect()
      late.join(room, { since: position })
      for (let turns = 0; turns < 20; turns++) {
        await world.rest()
        world.loop.advance(10)
      }
      const heard = late.take().map((frame) => (frame.type === 'joined' ? frame.recovered : frame.type))
      expect(heard).toEqual(['welcome', true, ...Array.from({ length: PUBLICATIONS }, () => 'chat')])
      asked.set(room, world.adapter.calls.includes(`history ${room}`))
    }
    const cut = names.filter((room) => asked.get(room))
    expect(cut).toEqual(names.slice(0, cut.length))
    expect((ROOMS - cut.length) * PUBLICATIONS * content.length).toBeLessThan(mebi * 1024 * 1024)
    expect(cut.length).toBeLessThan(8)
  },
)

test('[ROOM-4] nothing is left of what members caught up by once the log has expired', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const world = new World({ logs: { ttl: 1000 } })
  const member = world.connect({ ping: false })
  const forget = (): void => {
    member.take()
    for (const list of [member.transport.texts, member.transport.frames]) list.length = 0
  }
  for (const room of names) {
    member.join(room)
    await world.rest()
    let since = member.all('joined').at(-1)?.position
    for (let at = 0; at < 16; at++) {
      const { position } = await world.publish(room, `${at}`.padEnd(256 * 1024))
      await world.rest()
      member.join(room, { since })
      await world.rest()
      since = position
    }
    forget()
  }
  world.loop.advance(5000)
  await world.rest()
  forget()
  collect()
  const { heapUsed } = process.memoryUsage()
  for (const room of names) member.send({ type: 'leave', room })
  await world.rest()
  forget()
  collect()
  expect(heapUsed - process.memoryUsage().heapUsed).toBeLessThan(8 * 1024 * 1024)
})
