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
