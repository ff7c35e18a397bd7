import { expect, test } from 'vitest'
import { worker } from '../contract/fixtures.ts'
import { freshRoom, member, own, peer } from '../contract/ground.ts'

/** ms of silence after which workerd lets an object hibernate, and some more. */
const IDLE = 14_000

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
  const wakes = (): number => served.stdout().split('an object wakes').length - 1
  const before = wakes()

  await new Promise((resolve) => setTimeout(resolve, IDLE))
  const { position } = await direct.say(room, 'after')
  expect(position?.offset).toBe(2)
  for (const one of [direct, far]) expect(await one.next('chat')).toMatchObject({ content: 'after', offset: 2 })
  // The room's own object and the gateway.
  expect(wakes() - before).toBe(2)
  expect([...direct.pending(), ...far.pending()].map(({ type }) => type)).toEqual(['welcome'])
})
