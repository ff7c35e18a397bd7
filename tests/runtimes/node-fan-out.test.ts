import { EventEmitter, once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Batch } from '../../src/core/batch.ts'
import { ThreadedFanOut } from '../../src/runtimes/node/fan-out.ts'
import { createShare, JOB, MOST_JOBS } from '../../src/runtimes/node/share.ts'
import { findDirect, NodeTransport } from '../../src/runtimes/node/transport.ts'
import { type Writers, WriterThreads } from '../../src/runtimes/node/writer-threads.ts'
import { raise } from '../core/fake-loop.ts'
import { unchecked } from '../unchecked.ts'
import { DEAF, framesFrom, type Pair, pairOf } from './node-pair.ts'

const THREADS = [1, 3]
/** Sockets from which on a thread helps. */
const LEAST = 64
const EMPTY = new Uint8Array(1)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function directWay() {
  const direct = findDirect()
  if (!direct) throw new Error('this Node is not known')
  return direct
}

/** A fan-out with sockets of its own, every third of which agreed to joined frames. */
async function ground(threads: number | (() => Writers), sockets: number) {
  const direct = directWay()
  const makeWriters = typeof threads === 'number' ? () => new WriterThreads(threads, raise) : threads
  const fanOut = new ThreadedFanOut(direct.writes, makeWriters)
  onTestFinished(() => fanOut.close())
  const pairs: Pair<NodeTransport>[] = []
  for (let i = 0; i < sockets; i++) {
    const wish = { agreed: i % 3 === 0, joined: i % 3 === 0, listener: DEAF }
    pairs.push(await pairOf((ws, socket) => new NodeTransport(ws, socket, wish, direct)))
  }
  return { fanOut, pairs, round: (batch: Batch) => round(fanOut, pairs, batch) }
}

/** A socket that takes everything, as long as it is written to by this thread. */
const NOWHERE = unchecked({ fd: -1, writeBuffer: () => 0 })
const NOBODY = { waits: () => {}, landed: () => {} }

/** Hands a batch to all sockets, as a room of 64 does. Answers the ms that other threads worked. */
function round(fanOut: ThreadedFanOut, pairs: readonly Pair<NodeTransport>[], batch: Batch): number {
  fanOut.begin(LEAST)
  for (const { made } of pairs) made.sendBatch(batch)
  for (let i = pairs.length; i < LEAST; i++) fanOut.add(NOWHERE, EMPTY, NOBODY)
  return fanOut.end()
}

/** The texts that the peer reads until there are so many. */
async function textsOf(peer: Socket, count: number): Promise<readonly string[]> {
  const texts: string[] = []
  for await (const together of framesFrom(peer)) {
    texts.push(...together.flatMap(({ payload }) => payload.toString().split('\n')))
    if (texts.length >= count) break
  }
  return texts
}

describe.each(THREADS)('a room of Node that %i threads help to write to', (threads) => {
  test('[ROOM-1] every socket gets every batch and what is sent between them, in order, whoever writes it', async () => {
    const { pairs, round } = await ground(threads, 40)
    const sent: string[] = []
    let elsewhere = 0
    for (let i = 0; i < 50 || elsewhere === 0; i++) {
      const texts = Array.from({ length: 1 + (i % 25) }, (_, k) => `${i} ${k} ${'x'.repeat((i * 37) % 900)}`)
      elsewhere += round(new Batch(texts))
      for (const { made } of pairs) made.send(`reply ${i}`)
      sent.push(...texts, `reply ${i}`)
      await turn()
    }
    for (const { peer } of pairs) expect(await textsOf(peer, sent.length)).toEqual(sent)
  })

  test('[CONN-2] [CONN-3] peers that stall get all in order when they read again, and the others do not wait for them', async () => {
    const { pairs, round } = await ground(threads, 12)
    const [stalled, ...others] = pairs
    if (!stalled) throw new Error('unreachable: there are 12')
    // Less than a message is free in the kernel's buffer of the one that stalls when the rounds begin.
    let sent = 0
    while (stalled.made.buffered() === 0) stalled.made.send(`${sent++} ${'x'.repeat(30_011)}`)
    const expected = Array.from({ length: sent }, (_, i) => `${i} ${'x'.repeat(30_011)}`)
    const texts: string[] = []
    const fast = others.map(({ peer }) => textsOf(peer, 60))
    for (let i = 0; i < 60; i++) {
      const text = `${i} ${'y'.repeat(i % 2 === 0 ? 10 : 20_000)}`
      round(new Batch([text]))
      texts.push(text)
      await turn()
    }
    for (const all of await Promise.all(fast)) expect(all).toEqual(texts)
    expect(stalled.made.buffered()).toBeGreaterThan(20_000)
    expect(await textsOf(stalled.peer, sent + 60)).toEqual([...expected, ...texts])
  })

  test('[CONN-2] what a thread could write only in part goes on where it stopped', async () => {
    const { pairs, round } = await ground(threads, 12)
    const texts: string[] = []
    // Every socket is full at some time in the course of this.
    while (pairs.some(({ made }) => made.buffered() === 0)) {
      const batch = new Batch([`${texts.length} ${'z'.repeat(50_000)}`])
      round(batch)
      texts.push(...batch.texts)
      if (texts.length % 8 === 0) await turn()
    }
    for (const { peer } of pairs) expect(await textsOf(peer, texts.length)).toEqual(texts)
  })

  test('[CONN-4] a peer that is reset ends its own socket and nothing else', async () => {
    const { pairs, round } = await ground(threads, 12)
    const [reset, ...others] = pairs
    if (!reset) throw new Error('unreachable: there are 12')
    const closed = once(reset.socket, 'close').catch(() => {})
    reset.peer.resetAndDestroy()
    // Its end is heard of by writing, here or on another thread.
    round(new Batch(['before']))
    await closed
    expect(() => reset.made.sendBatch(new Batch(['late']))).toThrow('closed')
    for (const { made } of others) made.send('after')
    for (const { peer } of others) expect(await textsOf(peer, 2)).toEqual(['before', 'after'])
  })

  test('[ROOM-1] batches that are too large to be shared, and those after the end, are written all the same', async () => {
    const { fanOut, pairs, round } = await ground(threads, 3)
    const large = ['a', 'b', 'c'].map((letter) => letter.repeat(60_000))
    const read = pairs.map(({ peer }) => textsOf(peer, 8))
    for (const text of large) round(new Batch([text, text]))
    round(new Batch(['small']))
    fanOut.close()
    round(new Batch(['late']))
    const expected = [...large.flatMap((text) => [text, text]), 'small', 'late']
    for (const texts of await Promise.all(read)) expect(texts).toEqual(expected)
  })

  test('[ROOM-1] each of many jobs is done once, whoever does it', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'parlor-')), 'jobs')
    const fd = openSync(file, 'a')
    onTestFinished(() => {
      closeSync(fd)
      rmSync(file)
    })
    const writers = new WriterThreads(threads, raise)
    onTestFinished(() => writers.stop())
    const { jobs, bytes } = writers.share
    let expected = 0
    let elsewhere = 0
    for (let i = 0; i < 60 || elsewhere === 0; i++) {
      const count = 1 + ((i * 613) % MOST_JOBS)
      for (let job = 0; job < count; job++) {
        bytes.set(Buffer.from(`${i % 10}`), job)
        jobs.set([fd, job, 1, 0], job * JOB.size)
      }
      elsewhere += writers.run(count, (first, end) => {
        for (let job = first; job < end; job++) jobs[job * JOB.size + JOB.taken] = writeSync(fd, bytes, job, 1)
      })
      const taken = Array.from({ length: count }, (_, job) => jobs[job * JOB.size + JOB.taken])
      expect(taken.every((bytes) => bytes === 1)).toBe(true)
      expected += count
    }
    expect(readFileSync(file)).toHaveLength(expected)
  })
})

/** Hands each room's batch to its sockets, in one turn. `between`: called after each room. Answers the ms that the turn's end took. */
function turnOf(fanOut: ThreadedFanOut, rooms: readonly (readonly [Room, Batch])[], between: () => void = () => {}) {
  fanOut.beginTurn(rooms.length)
  for (const [pairs, batch] of rooms) {
    fanOut.begin(pairs.length)
    for (const { made } of pairs) made.sendBatch(batch)
    fanOut.end()
    between()
  }
  return fanOut.endTurn()
}

type Room = readonly Pair<NodeTransport>[]

/** Rooms of so many sockets each. */
function roomsOf(pairs: Room, size: number): readonly Room[] {
  return Array.from({ length: pairs.length / size }, (_, i) => pairs.slice(i * size, (i + 1) * size))
}

describe.each(THREADS)('small rooms of Node that are flushed in one turn, with %i threads to help', (threads) => {
  test('[ROOM-1] every socket gets the batches of its own room and what is sent between them, in order', async () => {
    const { fanOut, pairs } = await ground(threads, 90)
    const rooms = roomsOf(pairs, 9)
    const sent: string[][] = rooms.map(() => [])
    for (let i = 0; i < 40; i++) {
      // Not every room has something in every turn, and some have more than is written together.
      const flushed = rooms.flatMap((room, r) => {
        const texts = Array.from(
          { length: (i * 7 + r * 5) % 20 },
          (_, k) => `${i} ${r} ${k} ${'x'.repeat((i * 37) % 900)}`,
        )
        sent[r]?.push(...texts, `reply ${i}`)
        return texts.length === 0 ? [] : [[room, new Batch(texts)] as const]
      })
      turnOf(fanOut, flushed)
      for (const { made } of pairs) made.send(`reply ${i}`)
      await turn()
    }
    for (const [r, room] of rooms.entries()) {
      const expected = sent[r] ?? []
      for (const { peer } of room) expect(await textsOf(peer, expected.length)).toEqual(expected)
    }
  })

  test('[ROOM-1] [CONN-2] more bytes than are shared at once, and a peer that stalls, are written all the same', async () => {
    const { fanOut, pairs } = await ground(threads, 70)
    const rooms = roomsOf(pairs, 7)
    const [stalled, ...others] = pairs
    if (!stalled) throw new Error('unreachable: there are 70')
    const expected: string[][] = rooms.map(() => [])
    const read = others.map(({ peer }) => textsOf(peer, 40))
    for (let i = 0; i < 40 || stalled.made.buffered() === 0; i++) {
      const flushed = rooms.map((room, r) => {
        const text = `${i} ${r} ${'y'.repeat(30_000)}`
        expected[r]?.push(text)
        return [room, new Batch([text])] as const
      })
      turnOf(fanOut, flushed)
      await turn()
    }
    for (const [i, texts] of (await Promise.all(read)).entries()) {
      expect(texts.slice(0, 40)).toEqual(expected[Math.floor((i + 1) / 7)]?.slice(0, 40))
    }
    expect(await textsOf(stalled.peer, expected[0]?.length ?? 0)).toEqual(expected[0])
  })
})

/** Writers that do all by the main thread, and how many jobs each round had. */
function counting() {
  const counts: number[] = []
  const run = (count: number, here: (first: number, end: number) => void): number => {
    counts.push(count)
    here(0, count)
    return 1
  }
  return { counts, makeWriters: (): Writers => ({ share: createShare(), run, stop: () => {} }) }
}

test('[ROOM-1] what small rooms hand out in a turn is written at its end, with what a large one does at the end of that', async () => {
  const { counts, makeWriters } = counting()
  const { fanOut, pairs } = await ground(makeWriters, 3 * LEAST)
  const [a, b, ...rest] = roomsOf(pairs, LEAST / 2)
  const [c, d] = roomsOf(rest.flat(), LEAST)
  if (!a || !b || !c || !d) throw new Error('unreachable: there are enough')
  const batch = new Batch(['text'])
  const seen: number[][] = []
  const look = (): void => void seen.push([...counts])
  expect(
    turnOf(
      fanOut,
      [
        [a, batch],
        [b, batch],
      ],
      look,
    ),
  ).toBeGreaterThan(0)
  expect([...seen, counts]).toEqual([[], [], [LEAST]])
  // The large room does not wait for others, and those before it don't overtake it.
  expect(
    turnOf(
      fanOut,
      [
        [a, batch],
        [c, batch],
        [b, batch],
      ],
      look,
    ),
  ).toBeGreaterThan(0)
  expect(counts).toEqual([LEAST, LEAST + LEAST / 2])
  // By itself a small room is written at once.
  expect(turnOf(fanOut, [[d.slice(1), batch]])).toBe(0)
  expect(turnOf(fanOut, [])).toBe(0)
  expect(counts).toHaveLength(2)
  for (const { peer } of [...a, ...b]) expect(await textsOf(peer, 2)).toEqual(['text', 'text'])
  for (const { peer } of [...c, ...d.slice(1)]) expect(await textsOf(peer, 1)).toEqual(['text'])
})

/** A thread that does all jobs, as far as its sockets take `share` of each. */
function halting(share: (job: number) => number): () => Writers {
  const memory = createShare()
  const { jobs, bytes } = memory
  const run = (count: number): number => {
    for (let job = 0; job < count; job++) {
      const [fd = -1, offset = 0, length = 0] = jobs.subarray(job * JOB.size)
      const part = Math.floor(length * share(job))
      jobs[job * JOB.size + JOB.taken] = part === 0 || fd < 0 ? 0 : writeSync(fd, bytes, offset, part)
    }
    return 1
  }
  return () => ({ share: memory, run, stop: () => {} })
}

describe('what another thread could not write', () => {
  test('[CONN-3] is written from where it stopped', async () => {
    const { pairs, round } = await ground(
      halting((job) => (job % 4) / 3),
      12,
    )
    const texts: string[] = []
    for (let i = 0; i < 30; i++) {
      const batch = new Batch([`${i} ${'x'.repeat(i * 50)}`, 'second'])
      expect(round(batch)).toBe(1)
      texts.push(...batch.texts)
    }
    for (const { peer } of pairs) expect(await textsOf(peer, texts.length)).toEqual(texts)
  })

  test('[CONN-2] is in flight where the kernel takes no more', async () => {
    const { pairs, round } = await ground(
      halting(() => 0),
      3,
    )
    const texts: string[] = []
    while (pairs.some(({ made }) => made.buffered() === 0)) {
      const batch = new Batch([`${texts.length} ${'z'.repeat(50_000)}`])
      round(batch)
      texts.push(...batch.texts)
    }
    for (const { peer } of pairs) expect(await textsOf(peer, texts.length)).toEqual(texts)
    for (const { made } of pairs) {
      await new Promise<void>((resolve) => made.whenDrained(resolve))
      expect(made.buffered()).toBe(0)
    }
  })

  test('[CONN-4] ends the socket where nobody can', async () => {
    const { pairs, round } = await ground(
      halting(() => 0),
      3,
    )
    const [reset, ...others] = pairs
    reset?.peer.resetAndDestroy()
    round(new Batch(['text']))
    expect(pairs.map(({ socket }) => socket.destroyed)).toEqual([true, false, false])
    for (const { peer } of others) expect(await textsOf(peer, 1)).toEqual(['text'])
  })
})

test('[CONN-2] a room of more sockets than a round has jobs: each knows what it has in flight', async () => {
  const counts: number[] = []
  const none = halting(() => 0)()
  const run = (count: number, here: (first: number, end: number) => void): number => {
    // The first socket of each round is left to the other thread, which writes nothing.
    here(1, count)
    none.share.jobs[JOB.taken] = 0
    return counts.push(count)
  }
  const { fanOut, pairs } = await ground(() => ({ ...none, run }), 2)
  const [first, last] = pairs
  if (!first || !last) throw new Error('unreachable: there are 2')
  const texts: string[] = []
  while (first.made.buffered() === 0 || last.made.buffered() === 0) {
    const batch = new Batch([`${texts.length} ${'z'.repeat(100_000)}`])
    texts.push(...batch.texts)
    fanOut.begin(MOST_JOBS + LEAST)
    first.made.sendBatch(batch)
    for (let i = 1; i < MOST_JOBS + LEAST - 1; i++) fanOut.add(NOWHERE, EMPTY, NOBODY)
    last.made.sendBatch(batch)
    fanOut.end()
  }
  expect(counts.slice(0, 2)).toEqual([MOST_JOBS, LEAST])
  for (const { peer } of pairs) expect(await textsOf(peer, texts.length)).toEqual(texts)
})

test.each([
  ['63 sockets', 63],
  ['100 sockets that are not all written past their stream', 100],
])('[ROOM-1] %s are written on one thread, and none is started', async (_, sockets) => {
  const { fanOut, pairs } = await ground(() => raise(new Error('no thread is needed')), 1)
  const [pair] = pairs
  if (!pair) throw new Error('unreachable: there is 1')
  const batch = new Batch(['text'])
  fanOut.begin(sockets)
  pair.made.sendBatch(batch)
  for (let i = 1; i < 63; i++) directWay().writes.write(NOWHERE, EMPTY, NOBODY)
  expect(fanOut.end()).toBe(0)
  expect(await textsOf(pair.peer, 1)).toEqual(batch.texts)
})

test('[ROOM-1] a thread that can not run is told of, and all is written without it', async () => {
  const failures: unknown[] = []
  const heard = new EventEmitter()
  const failed = once(heard, 'failed')
  const tell = (reason: unknown): void => {
    failures.push(reason)
    heard.emit('failed')
  }
  const writers = new WriterThreads(1, tell, 'throw new Error("not here")')
  const done: number[] = []
  const here = (first: number, end: number): void => {
    for (let job = first; job < end; job++) done.push(job)
  }
  expect(writers.run(20, here)).toBe(0)
  await failed
  expect(writers.run(20, here)).toBe(0)
  expect(failures.map(String)).toEqual(['Error: not here'])
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i >> 1))
})
