import { describe, expect, test } from 'vitest'
import { type Client, World } from './fake-world.ts'

const MEMBERS = 8

/** A room of 8 to whom writing takes 8 ms. */
async function room(section: number): Promise<{ readonly world: World; readonly clients: readonly Client[] }> {
  const world = new World({ writing: 1, section })
  const clients = Array.from({ length: MEMBERS }, (_, i) => world.connect({ user: `user-${i}` }))
  for (const client of clients) client.join('r')
  await world.rest()
  for (const client of clients) client.take()
  return { world, clients }
}

/** Time passes until the client has heard so many. */
function hear(world: World, client: Client, count: number): void {
  for (let left = count; left > 0; ) {
    world.loop.rest()
    left -= client.heard().length
    if (left > 0) world.loop.advance(1)
  }
}

/** 8 members of a room, and what each of them waited for each of 500 messages that came every 4 ms. */
async function busyRoom(section: number): Promise<{ readonly heard: string[][]; readonly waits: number[][] }> {
  const { world, clients } = await room(section)
  const sent: number[] = []
  const heard: string[][] = clients.map(() => [])
  const waits: number[][] = clients.map(() => [])
  const listen = (): void => {
    for (const [i, client] of clients.entries()) {
      for (const content of client.heard()) {
        heard[i]?.push(content)
        waits[i]?.push(world.loop.now() - (sent[Number(content)] ?? 0))
      }
    }
  }
  const begun = world.loop.now()
  while (sent.length < 500) {
    while (sent.length < 500 && begun + sent.length * 4 <= world.loop.now()) {
      const content = `${sent.length}`
      sent.push(begun + sent.length * 4)
      await world.publish('r', content)
    }
    world.loop.rest()
    listen()
    world.loop.advance(1)
    listen()
  }
  world.loop.advance(100)
  listen()
  return { heard, waits }
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

describe('a room that rests', () => {
  test('[ROOM-1] [ROOM-17] members that are handed their publications at different times get all, in order, once', async () => {
    const { heard } = await busyRoom(2)
    const all = Array.from({ length: 500 }, (_, i) => `${i}`)
    for (const texts of heard) expect(texts).toEqual(all)
  })

  test('[ROOM-17] a room that has shrunk is no large one any more: all of its members are sent to together', async () => {
    const { world, clients } = await room(2)
    const [first, ...others] = clients
    const last = others.pop()
    if (!first || !last) throw new Error('unreachable: there are 8')
    for (const client of others) client.send({ type: 'leave', room: 'r' })
    await world.rest()
    first.take()
    last.take()
    for (let n = 0; n < 1000; n++) {
      await world.publish('r', `${n}`)
      world.loop.rest()
      world.loop.advance(0.2)
      expect(first.heard()).toEqual(last.heard())
    }
  })

  test('[ROOM-17] 16 that wait end the rest, of every part: who publishes no more before all have them waits for nothing else', async () => {
    const { world, clients } = await room(2)
    const took: number[] = []
    for (let round = 0; round < 100; round++) {
      const began = world.loop.now()
      for (let n = 0; n < 16; n++) await world.publish('r', `${n}`)
      for (const client of clients) hear(world, client, 16)
      took.push(world.loop.now() - began)
    }
    expect(Math.max(...took.slice(50))).toBe(MEMBERS)
  })

  test('[ROOM-17] who waits the longest is handed first: nobody waits for a flush to all others', async () => {
    const [parts, whole] = [await busyRoom(2), await busyRoom(MEMBERS)]
    expect(mean(parts.waits.flat())).toBeLessThan(0.9 * mean(whole.waits.flat()))
    const settled = (waits: number[][]): number => Math.max(...waits.flatMap((of) => of.slice(250, 480)))
    expect(settled(parts.waits)).toBeLessThan(settled(whole.waits))
  })
})
