import { once } from 'node:events'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { MOST_READ } from '../../src/runtimes/node/direct-reads.ts'
import { findTcpHandles } from '../../src/runtimes/node/tcp-handle.ts'
import { readTexts } from '../../src/runtimes/node/text-frames.ts'
import { type Direct, NodeTransport } from '../../src/runtimes/node/transport.ts'
import { findReceiver } from '../../src/runtimes/node/ws-reading.ts'
import { closeFrame, frame, OPCODE } from '../contract/frames.ts'
import { pairOf, WAYS } from './node-pair.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

interface Heard {
  readonly transport: NodeTransport
  readonly ws: WebSocket
  readonly socket: Socket
  readonly peer: Socket
  /** `text X`, `binary N`, `alive`, `closed`, in the order in which they were heard. */
  readonly heard: string[]
  /** When so much has been heard. */
  until(count: number): Promise<void>
}

interface Setting {
  /** Options of the `ws` server. */
  readonly server?: object
  /** Called before there is a transport. */
  readonly before?: (ws: WebSocket) => void
  /** Called from within the listener, when a text is heard. */
  readonly onText?: (text: string, transport: NodeTransport, socket: Socket) => unknown
}

/** What a transport hears of a peer over a real connection. */
async function hearing(direct: Direct | undefined, setting: Setting = {}): Promise<Heard> {
  const heard: string[] = []
  let listening = (): void => {}
  const hear = (what: string): void => {
    heard.push(what)
    listening()
  }
  const { made, ...ends } = await pairOf((ws, socket) => {
    setting.before?.(ws)
    const listener = {
      text: (text: string) => {
        hear(`text ${text}`)
        setting.onText?.(text, transport, socket)
      },
      binary: (bytes: number) => hear(`binary ${bytes}`),
      alive: () => hear('alive'),
      closed: () => hear('closed'),
    }
    const transport = new NodeTransport(ws, socket, { agreed: false, joined: false, listener }, direct)
    return transport
  }, setting.server)
  const until = async (count: number): Promise<void> => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        listening = resolve
      })
    }
  }
  return { transport: made, ...ends, heard, until }
}

/** A frame of a peer, and what is heard of it. */
interface Said {
  readonly bytes: Buffer
  readonly heard: readonly string[]
}

const text = (content: string): Said => ({ bytes: frame(content), heard: [`text ${content}`] })

const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 200 }).map(text) },
  fc
    .tuple(fc.constantFrom(0, 125, 126, 127, 65_535, 65_536, 100_000), fc.constantFrom('a', 'é'))
    .map(([length, letter]) => text(letter.repeat(length))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({
    bytes: frame(bytes, { opcode: OPCODE.binary }),
    heard: [`binary ${bytes.length}`],
  })),
  fc.constantFrom(OPCODE.ping, OPCODE.pong).map((opcode) => ({ bytes: frame('beat', { opcode }), heard: ['alive'] })),
  fc.tuple(fc.string({ maxLength: 50 }), fc.string({ maxLength: 50 })).map(([first, second]) => ({
    bytes: Buffer.concat([
      frame(first, { fin: false }),
      frame('between', { opcode: OPCODE.ping }),
      frame(second, { opcode: OPCODE.continuation }),
    ]),
    heard: ['alive', `text ${first}${second}`],
  })),
)

/** The same bytes in pieces, cut at these shares of their length. */
function cut(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = [...shares.map((share) => Math.floor(share * bytes.length)), bytes.length].sort((a, b) => a - b)
  return places.map((place, i) => bytes.subarray(places[i - 1] ?? 0, place)).filter(({ length }) => length > 0)
}

describe.each(WAYS)('a socket of Node, read %s', (_, direct) => {
  test('[WS-14] [ECHO-1] frames of every kind, cut anywhere, are heard whole and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(said, { minLength: 1, maxLength: 12 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        async (frames, shares) => {
          const { peer, heard, until } = await hearing(direct)
          const expected = frames.flatMap((each) => each.heard)
          for (const piece of cut(Buffer.concat(frames.map(({ bytes }) => bytes)), shares)) {
            peer.write(piece)
            await nextTurn()
          }
          await until(expected.length)
          expect(heard).toEqual(expected)
          peer.destroy()
        },
      ),
      { numRuns: 60 },
    )
  })

  test('[WS-15] what comes while reading is stopped is heard in order when it goes on', async () => {
    const { transport, peer, heard, until } = await hearing(direct)
    peer.write(frame('before'))
    await until(1)
    transport.pause()
    // Part of a frame, then much more than is read in one go.
    const last = frame('last')
    peer.write(last.subarray(0, 3))
    await nextTurn()
    peer.write(Buffer.concat([last.subarray(3), ...Array.from({ length: 200 }, (_, i) => frame(`${i} `.repeat(500)))]))
    for (let turns = 0; turns < 20; turns++) await nextTurn()
    expect(heard).toEqual(['text before'])
    transport.resume()
    await until(202)
    const numbers = Array.from({ length: 200 }, (_, i) => `text ${`${i} `.repeat(500)}`)
    expect(heard).toEqual(['text before', 'text last', ...numbers])
  })

  test('[WS-15] reading that is stopped in the middle of a piece goes on after it, with nothing lost or said twice', async () => {
    const { transport, ws, peer, heard, until } = await hearing(direct)
    ws.once('message', () => transport.pause())
    // The first one is read by `ws` everywhere, and stops reading.
    peer.write(Buffer.concat([frame('fir', { fin: false }), frame('st', { opcode: OPCODE.continuation })]))
    await until(1)
    const third = frame('third')
    peer.write(Buffer.concat([frame('second'), third.subarray(0, 4)]))
    await nextTurn()
    transport.resume()
    await until(2)
    peer.write(third.subarray(4))
    await until(3)
    expect(heard).toEqual(['text first', 'text second', 'text third'])
  })

  test.each([
    ['is no UTF-8', frame(Buffer.from([0xc3, 0x28])), 1007],
    ['is not masked', frame('bare', { mask: false }), 1002],
    ['uses an extension that nobody agreed to', frame('compressed', { rsv: 4 }), 1002],
    ['continues nothing', frame('rest', { opcode: OPCODE.continuation }), 1002],
    ['says its length in the longer way than needed, and is cut off', frame('x', { length: 2 ** 40 }), 1009],
  ])(
    '[WS-6] [ECHO-1] a frame that %s closes the connection, and what follows is not heard',
    async (_what, bad, code) => {
      const { ws, peer, heard } = await hearing(direct)
      const failed = new Promise<void>((resolve) => void ws.once('error', () => resolve()))
      peer.write(Buffer.concat([frame('good'), bad, frame('late')]))
      await failed
      peer.write(frame('later'))
      const [answer] = await once(peer, 'data')
      expect(answer.readUInt16BE(2)).toBe(code)
      for (let turns = 0; turns < 10; turns++) await nextTurn()
      expect(heard.filter((what) => what.startsWith('text'))).toEqual(['text good'])
    },
  )

  test('[ECHO-3] after the close frame of a peer nothing of it is heard, and it is answered', async () => {
    const { socket, peer, heard } = await hearing(direct)
    const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
    peer.write(Buffer.concat([frame('first'), closeFrame(1000, 'bye'), frame('late')]))
    const [answer] = await once(peer, 'data')
    expect(answer.readUInt16BE(2)).toBe(1000)
    peer.write(frame('later'))
    peer.end()
    await closed
    expect(heard.filter((what) => what.startsWith('text'))).toEqual(['text first'])
    expect(heard).toContain('closed')
  })

  test.each([
    ['ends', (peer: Socket) => peer.end()],
    ['is reset', (peer: Socket) => peer.resetAndDestroy()],
  ])('[CONN-3] a connection that %s without a close frame is heard to close', async (_what, go) => {
    const { peer, heard, until, transport } = await hearing(direct)
    peer.write(frame('last'))
    await until(1)
    go(peer)
    await until(2)
    expect(heard).toEqual(['text last', 'closed'])
    expect(() => transport.close(1000, '')).not.toThrow()
  })

  test('[ECHO-2] [CONN-2] pongs of `ws` and frames written past it leave in order, and count while they wait', async () => {
    const { transport, peer, until } = await hearing(direct)
    const stalled = 'x'.repeat(60_000)
    while (transport.buffered() === 0) transport.send(stalled)
    const before = transport.buffered()
    peer.write(frame('who', { opcode: OPCODE.ping }))
    await until(1)
    expect(transport.buffered()).toBe(before + 5)
    transport.send('after')
    let bytes = Buffer.alloc(0)
    for await (const chunk of peer.iterator({ destroyOnReturn: false })) {
      bytes = Buffer.concat([bytes, chunk]).subarray(-20)
      if (bytes.includes('after')) break
    }
    expect(bytes.subarray(-12).toString('latin1')).toBe('\x8a\x03who\x81\x05after')
  })

  test.each([
    ['goes on', (transport: NodeTransport) => transport.resume()],
    ['is closed', (transport: NodeTransport) => transport.close(1000, 'bye')],
  ])('[WS-15] a peer that is left unread in the middle of much input lives when it %s', async (_what, go) => {
    const { transport, peer, socket, heard, until } = await hearing(direct, {
      onText: (text, paused) => text === 'stop' && paused.pause(),
    })
    const long = frame('L'.repeat(40_000))
    peer.write(Buffer.concat([frame('stop'), long.subarray(0, 30_000)]))
    await until(1)
    for (let turns = 0; turns < 10; turns++) await nextTurn()
    go(transport)
    for (let turns = 0; turns < 10; turns++) await nextTurn()
    peer.write(Buffer.concat([long.subarray(30_000), frame('end')]))
    await until(3)
    expect(heard.map((what) => what.slice(0, 10))).toEqual(['text stop', 'text LLLLL', 'text end'])
    expect(socket.destroyed).toBe(false)
  })

  test('[WS-15] [CONN-3] a peer that is reset while it is left unread is heard to close', async () => {
    const { transport, peer, heard, until } = await hearing(direct)
    peer.write(frame('one'))
    await until(1)
    transport.pause()
    await nextTurn()
    peer.resetAndDestroy()
    await until(2)
    expect(heard).toEqual(['text one', 'closed'])
  })

  test('[CONN-3] a socket that is dropped from within what it brought says nothing more, and harms nobody', async () => {
    const { peer, until, heard } = await hearing(direct, {
      onText: (_text, _transport, socket) => void socket.destroy(),
    })
    peer.write(Buffer.concat([frame('one'), frame('two').subarray(0, 4)]))
    await until(2)
    expect(heard).toEqual(['text one', 'closed'])
  })

  test('[CONN-1] what an application listens to on its own socket it still hears', async () => {
    const own: string[] = []
    const { peer, heard, until } = await hearing(direct, {
      before: (ws) => void ws.on('message', (data) => own.push(String(data))),
    })
    peer.write(frame('hello'))
    await until(1)
    expect([own, heard]).toEqual([['hello'], ['text hello']])
  })

  test('[ECHO-3] nothing is sent after a close frame, whoever said it', async () => {
    const { ws, transport, peer, until } = await hearing(direct)
    transport.send('before')
    peer.write(frame('hello'))
    await until(1)
    transport.send('between')
    ws.close(1001, 'going')
    transport.send('late')
    peer.end()
    let bytes = Buffer.alloc(0)
    for await (const chunk of peer) bytes = Buffer.concat([bytes, chunk])
    expect(bytes.toString('latin1')).toBe('\x81\x06before\x81\x07between\x88\x07\x03\xe9going')
  })

  test('[ECHO-2] [CONN-2] a reply overtakes no pong that waits in the stream', async () => {
    const held: [number, number][] = []
    const { socket, transport, peer, until } = await hearing(direct, {
      onText: (_text, heardBy, stream) => held.push([stream.writableLength, heardBy.buffered()]),
    })
    transport.send('a')
    // A stream that takes nothing for a while.
    socket.cork()
    peer.write(
      Buffer.concat([
        frame('ping', { opcode: OPCODE.ping }),
        frame('fr', { fin: false }),
        frame('ag', { opcode: OPCODE.continuation }),
      ]),
    )
    await until(2)
    socket.uncork()
    expect(held).toEqual([[6, 6]])
  })

  test('[WS-6] a server of the application that takes shorter messages only goes on refusing longer ones', async () => {
    const { ws, peer, heard } = await hearing(direct, { server: { maxPayload: 100 } })
    const failed = new Promise<void>((resolve) => void ws.once('error', () => resolve()))
    peer.write(Buffer.concat([frame('a'.repeat(100)), frame('b'.repeat(101))]))
    await failed
    expect(heard.filter((what) => what.startsWith('text'))).toEqual([`text ${'a'.repeat(100)}`])
  })
})

describe('texts at the beginning of what was read', () => {
  const read = (bytes: Buffer): { texts: string[]; rest: number } => {
    const texts: string[] = []
    const listener = { text: (heard: string) => texts.push(heard), binary: () => {}, alive: () => {}, closed: () => {} }
    const rest = readTexts(bytes, bytes.length, listener)
    return { texts, rest }
  }

  test('[ECHO-1] a frame that is not whole is left as it came, however much is missing', () => {
    const first = frame('first é')
    for (const next of [frame('second'), frame('é'.repeat(200)), frame('x'.repeat(70_000))]) {
      for (let size = 0; size < Math.min(next.length, 300); size++) {
        const bytes = Buffer.concat([first, next.subarray(0, size)])
        expect(read(bytes)).toEqual({ texts: ['first é'], rest: first.length })
        expect(bytes.subarray(first.length)).toEqual(next.subarray(0, size))
      }
    }
  })

  test('[ECHO-1] a text that is no UTF-8 is left as it came', () => {
    const bad = frame(Buffer.from([0x61, 0xff, 0x62, 0xfe, 0x63]))
    const bytes = Buffer.from(bad)
    expect(read(bytes)).toEqual({ texts: [], rest: 0 })
    expect(bytes).toEqual(bad)
  })
})

describe('reading past the stream', () => {
  test('[CONN-1] what it takes is found on this Node, and in this `ws`', async () => {
    expect(findTcpHandles()).toBeDefined()
    const { ws } = await hearing(undefined)
    expect(findReceiver(ws, MOST_READ)).toBeDefined()
  })

  test('[CONN-1] a `ws` that does not say where it is reads everything itself', async () => {
    const { ws } = await hearing(undefined)
    for (const _receiver of [
      undefined,
      null,
      {},
      { _state: 'new', _bufferedBytes: 0, _fragmented: 0, _maxPayload: 0 },
    ]) {
      expect(findReceiver(Object.create(ws, { _receiver: { value: _receiver } }), MOST_READ)).toBeUndefined()
    }
  })
})
