import { expect, test } from 'vitest'
import { worker } from '../contract/fixtures.ts'
import { freshRoom, member, own, peer } from '../contract/ground.ts'

/** ms after which workerd lets an object hibernate that is silent, twice: an alarm comes in between. And some more. */
const IDLE = 28_000

test('[WORKER-1] sockets that are silent let their objects hibernate, and members go on where they were', {
  timeout: 60_000,
}, async () => {
  const served = await own(worker, { PARLOR_LOG_LEVEL: 'debug' })
  const room = freshRoom()
  const direct = await peer(served, { user: 'direct', query: { room } })
  await direct.next('joined')
  const far = await member(served, room, { user: 'far' })
  await far.say(room, 'before')
  for (const one of [direct, far]) await one.next('chat')
  const wakes = (object: string): number =>
    served.stdout().split(`an object wakes object=${object} sockets=1`).length - 1
  const objects = [`room:${room}`, 'gw:local:0']

  await new Promise((resolve) => setTimeout(resolve, IDLE))
  const before = objects.map(wakes)
  const { position } = await direct.say(room, 'after')
  expect(position?.offset).toBe(2)
  for (const one of [direct, far]) expect(await one.next('chat')).toMatchObject({ content: 'after', offset: 2 })
  expect(objects.map(wakes)).toEqual(before.map((times) => times + 1))
  expect([...direct.pending(), ...far.pending()].map(({ type }) => type)).toEqual(['welcome'])
})
