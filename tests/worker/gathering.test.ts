import { describe, expect, test } from 'vitest'
import { Turns } from '../../src/core/turns.ts'
import { Gathering } from '../../src/runtimes/worker/gathering.ts'
import { dial, freshRoom, peer } from '../contract/ground.ts'
import type { Peer } from '../contract/peer.ts'
import type { RawSocket } from '../contract/raw-socket.ts'
import { FakeLoop, raise } from '../core/fake-loop.ts'
import { objects } from './harness.ts'

const QUIET = 500
const MANY = 400

/** A room of which only this is known: what waits, and how many went out together, and when. */
function room() {
  const loop = new FakeLoop()
  const flushes: { readonly at: number; readonly publications: number }[] = []
  const began = loop.now()
  let waiting = 0
  const flush = (): void => {
    if (waiting === 0) return
    rhythm.begin(waiting)
    flushes.push({ at: loop.now() - began, publications: waiting })
    waiting = 0
    rhythm.end()
  }
  const rhythm = new Gathering({ clock: loop, loop }, new Turns(loop, raise), flush)
  /** Publishes in an event of its own. */
  const publish = (): void => {
    rhythm.added(++waiting)
    loop.turn()
  }
  /** As the room does where what waits is large, or much of the log: it is flushed at once, and nobody is asked. */
  const publishLarge = (): void => {
    waiting++
    flush()
    loop.turn()
  }
  return { loop, rhythm, flushes, publish, publishLarge }
}

describe('[WORKER-14] what is published to a room’s object', () => {
  test('goes out with its own event where it comes alone, and no timer is set', () => {
    const { loop, flushes, publish } = room()
    for (let at = 0; at < 5; at++) {
      publish()
      expect(loop.timers).toBe(0)
      loop.advance(QUIET)
    }
    expect(flushes).toEqual([0, 1, 2, 3, 4].map((at) => ({ at: at * QUIET, publications: 1 })))
  })

  test('is held seldom where it comes evenly, and waits for no more than what came already', () => {
    const { loop, flushes, publish } = room()
    let held = 0
    for (let at = 0; at < 90; at++) {
      publish()
      held += loop.timers
      loop.advance(20)
    }
    expect(flushes).toEqual(Array.from({ length: 90 }, (_, at) => ({ at: at * 20, publications: 1 })))
    expect(held).toBe(10)
  })

  test('goes out together where it comes thick, and is held for a few ms', () => {
    const { loop, flushes, publish } = room()
    for (let at = 0; at < 1000; at++) {
      publish()
      publish()
      loop.advance(1)
    }
    loop.advance(10)
    expect(flushes.reduce((sum, { publications }) => sum + publications, 0)).toBe(2000)
    expect(flushes.length).toBeLessThan(300)
    expect(loop.timers).toBe(0)
  })

  test('is held on where large publications end each hold before its time', () => {
    const { loop, flushes, publish, publishLarge } = room()
    for (let pairs = 0; pairs < 100; pairs++) {
      publish()
      publishLarge()
      loop.advance(4)
    }
    const alone = flushes.filter(({ publications }) => publications === 1)
    // The first one came after a pause, and the second ended no hold.
    expect(alone.length).toBeLessThanOrEqual(2)
  })

  test('16 that wait end a hold', () => {
    const { flushes, publish } = room()
    for (let at = 0; at < 34; at++) publish()
    expect(flushes.map(({ publications }) => publications)).toEqual([1, 16, 16])
  })

  test('no timer stays of what was flushed before its time, nor of a room that is closed', () => {
    for (const end of ['begin', 'stop'] as const) {
      const { loop, rhythm, publish } = room()
      publish()
      publish()
      expect(loop.timers).toBe(1)
      if (end === 'begin') rhythm.begin(2)
      else rhythm.stop()
      expect(loop.timers).toBe(0)
    }
  })
})

describe('[WORKER-14] publications that come thick', () => {
  const { served, evict } = objects({ PARLOR_HISTORY_SIZE: '1000' })

  /** Publishes `count` without waiting for anything, and answers when all are acknowledged. */
  const flood = (ann: Peer, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, at) => ann.ask({ type: 'chat', content: `${at}` })))

  /** Takes what a member gets until it has had the publication at `last`: how many publications each text held. */
  async function take(member: RawSocket, last: number): Promise<readonly number[]> {
    const counts: number[] = []
    for (let offset = 0; offset < last; ) {
      const lines = (await member.nextText()).split('\n')
      const chats = lines.filter((line) => line.startsWith('{"type":"chat"'))
      if (chats.length === 0) continue
      counts.push(chats.length)
      for (const chat of chats) expect(chat).toContain(`"offset":${++offset},`)
    }
    return counts
  }

  async function gathered(protocol: string) {
    const room = freshRoom()
    const member = await dial(served(), `/ws?room=${room}`, { 'Sec-WebSocket-Protocol': protocol })
    const ann = await peer(served(), { query: { room } })
    await ann.next('joined')
    return { room, member, ann }
  }

  test('reach members that agreed to parlor.v1.batch in fewer frames, none lost and in order', async () => {
    const { member, ann } = await gathered('parlor.v1.batch')
    await flood(ann, MANY)
    expect((await take(member, MANY)).length).toBeLessThan(MANY / 3)
  })

  test('[WORKER-1] and are all handed out, though the object loses its memory meanwhile', async () => {
    for (const protocol of ['parlor.v1', 'parlor.v1.batch']) {
      const { room, member, ann } = await gathered(protocol)
      // No more than a peer may be sent that reads it later: an object that waits for one keeps its memory.
      for (let times = 1; times <= 6; times++) {
        const flooding = flood(ann, 20)
        await evict(`room:${room}`, 'hibernate')
        await flooding
      }
      await take(member, 120)
      for (let offset = 1; offset <= 120; offset++) expect(await ann.next('chat')).toMatchObject({ offset })
    }
  })

  test('[ROOM-3] who leaves has had what it published', async () => {
    const { room, ann } = await gathered('parlor.v1')
    for (let offset = 1; offset <= 50; offset++) {
      ann.send({ type: 'chat', room, content: 'x' })
      ann.send({ type: 'leave', room })
      expect(await ann.next('chat')).toMatchObject({ offset })
      await ann.next('left')
      await ann.join(room)
    }
  })
})
