import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Batch } from '../../src/core/batch.ts'
import { findTcpHandles } from '../../src/runtimes/node/tcp-handle.ts'
import { type Direct, NodeTransport } from '../../src/runtimes/node/transport.ts'
import type { Frame } from '../contract/frames.ts'
import { DEAF, framesFrom, pairOf, WAYS } from './node-pair.ts'

interface Pair {
  readonly transport: NodeTransport
  readonly socket: Socket
  readonly peer: Socket
}

/** A transport over a real connection whose peer reads nothing yet. */
async function pair(direct: Direct | undefined): Promise<Pair> {
  const { made, ...ends } = await pairOf(
    (ws, socket) => new NodeTransport(ws, socket, { agreed: false, joined: false, listener: DEAF }, direct),
  )
  return { transport: made, ...ends }
}

/** The peer's frames, as soon as there are so many. */
async function framesOf(peer: Socket, count: number): Promise<readonly Frame[]> {
  const frames: Frame[] = []
  for await (const together of framesFrom(peer)) {
    frames.push(...together)
    if (frames.length >= count) break
  }
  return frames
}

const drained = (transport: NodeTransport): Promise<void> => new Promise((resolve) => transport.whenDrained(resolve))

/** Not by `once`, which an error would reject. */
const closeOf = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once('close', () => resolve()))

test('[CONN-1] what is written past the streams of sockets is found on this Node', () => {
  expect(findTcpHandles()).toBeDefined()
})

describe.each(WAYS)('a socket of Node, written %s', (_, direct) => {
  test('[CONN-3] frames of every kind arrive in the order of the calls', async () => {
    const { transport, peer } = await pair(direct)
    const expected: string[] = []
    for (let i = 0; i < 200; i++) {
      transport.send(`reply ${i}`)
      transport.sendBatch(new Batch([`first ${i}`, `second ${i}`]))
      if (i % 50 === 0) transport.ping()
      expected.push(`reply ${i}`, `first ${i}`, `second ${i}`, ...(i % 50 === 0 ? [''] : []))
    }
    const frames = await framesOf(peer, expected.length)
    expect(frames.map(({ payload }) => payload.toString())).toEqual(expected)
  })

  test('[ECHO-1] texts of every length and alphabet arrive as they were', async () => {
    const { transport, peer } = await pair(direct)
    const texts = [0, 1, 125, 126, 127, 255, 256, 8191, 8192, 65_535, 65_536].flatMap((length) => [
      'a'.repeat(length),
      'é'.repeat(length),
      `${'z'.repeat(length)}\u{1f600}`,
      '\u007f'.repeat(length),
      '\u0080'.repeat(length),
    ])
    const arrived = framesOf(peer, texts.length)
    for (const text of texts) transport.send(text)
    const frames = await arrived
    expect(frames.map(({ payload }) => payload.toString()).map((text, i) => text === texts[i])).not.toContain(false)
    expect(frames).toHaveLength(texts.length)
  })

  test('[CONN-5] what is handed over between cork and uncork waits, and then leaves in order with the rest', async () => {
    const { transport, peer } = await pair(direct)
    transport.send('before')
    transport.cork()
    transport.send('first')
    transport.sendBatch(new Batch(['second', 'third']))
    transport.ping()
    expect(transport.buffered()).toBe('first'.length + 'second'.length + 'third'.length + 4 * 2)
    transport.uncork()
    transport.send('after')
    const frames = (await framesOf(peer, 6)).map(({ payload }) => payload.toString())
    expect(frames).toEqual(['before', 'first', 'second', 'third', '', 'after'])
  })

  test('[CONN-5] a socket that is closed while corked says its close frame after what waits', async () => {
    const { transport, peer } = await pair(direct)
    transport.cork()
    transport.send('waits')
    transport.close(4000, 'bye')
    transport.uncork()
    const frames = await framesOf(peer, 2)
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 8])
  })

  test('[CONN-2] [CONN-3] a peer that stalls gets all in order when it reads again, whatever is written meanwhile', async () => {
    const { transport, peer } = await pair(direct)
    const text = 'x'.repeat(60_000)
    let sent = 0
    while (transport.buffered() === 0) transport.send(`${sent++}${text}`)
    // While a write is in flight others follow, shared by the same batch, and a control frame between.
    const batch = new Batch(['a', 'b', text])
    for (let i = 0; i < 20; i++) transport.sendBatch(batch)
    transport.ping()
    transport.send('last')
    expect(transport.buffered()).toBeGreaterThan(20 * text.length)
    const arrived = framesOf(peer, sent + 62)
    await drained(transport)
    expect(transport.buffered()).toBe(0)
    const frames = (await arrived).map(({ payload }) => payload.toString())
    expect(frames).toEqual([
      ...Array.from({ length: sent }, (_, i) => `${i}${text}`),
      ...Array.from({ length: 20 }, () => ['a', 'b', text]).flat(),
      '',
      'last',
    ])
    transport.send('again')
    expect((await framesOf(peer, 1)).map(({ payload }) => payload.toString())).toEqual(['again'])
  })

  test('[CONN-4] a peer that is reset while a write is in flight ends its socket and nothing else', async () => {
    const { transport, socket, peer } = await pair(direct)
    while (transport.buffered() === 0) transport.send('x'.repeat(60_000))
    const closed = closeOf(socket)
    peer.resetAndDestroy()
    await closed
    expect(() => transport.send('late')).toThrow('closed')
  })

  test('[CONN-4] a socket that is dropped here while a write is in flight takes nothing more', async () => {
    const { transport, socket } = await pair(direct)
    while (transport.buffered() === 0) transport.send('x'.repeat(60_000))
    const closed = closeOf(socket)
    transport.terminate()
    await closed
    expect(transport.buffered()).toBe(0)
  })
})

describe('writing past the stream', () => {
  const real = (name: string): unknown => Reflect.get(process, 'binding').call(process, name)
  const without = (part: string) => (name: string) =>
    Object.fromEntries(Object.entries(Object(real(name))).filter(([key]) => key !== part))

  test.each([
    ['there is no binding', () => undefined],
    [
      'it may not be had',
      () => {
        throw new Error('Access to this API has been restricted')
      },
    ],
    ['requests are made otherwise', without('WriteWrap')],
    ['nothing says what is in flight', without('streamBaseState')],
    ['what says so stands elsewhere', without('kLastWriteWasAsync')],
    ['what was read stands elsewhere', without('kReadBytesOrError')],
    ['sockets are others', without('TCP')],
  ])('[CONN-1] is left alone where %s', (_, binding) => {
    expect(findTcpHandles(binding)).toBeUndefined()
  })

  test('[CONN-1] is left alone for a socket that is not plain TCP', () => {
    expect(
      findTcpHandles()?.handleOf({
        _handle: { writeBuffer: () => 0, writeLatin1String: () => 0, writeQueueSize: 0 },
      }),
    ).toBeUndefined()
    expect(findTcpHandles()?.handleOf({})).toBeUndefined()
  })
})
