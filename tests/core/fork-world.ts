import type { Publication } from '../../src/core/broadcast-adapter.ts'
import { type Client, World } from './fake-world.ts'

/** What a replica that is none any more says. */
export const stale = (offset: number, id: string): Publication => ({
  offset,
  id,
  from: { id: 'stale', name: 'Stale' },
  time: 1_700_000_000_000,
  body: { kind: 'chat', content: id },
})

/** A member of a room that has come to offset 5, and the room's epoch. */
export async function atFive(): Promise<{ world: World; member: Client; epoch: string }> {
  const world = new World()
  const member = world.connect({ room: 'r' })
  for (let i = 1; i <= 5; i++) await world.publish('r', `${i}`)
  await world.rest()
  return { world, member, epoch: member.all('joined')[0]?.position.epoch ?? '' }
}

/** What a member heard since the last call, in short. */
export const stream = (client: Client): string[] =>
  client.take().flatMap((frame) => {
    if (frame.type === 'chat') return [`${frame.offset} ${frame.content}`]
    return frame.type === 'reset' ? [`reset ${frame.position.offset} ${frame.reason}`] : []
  })
