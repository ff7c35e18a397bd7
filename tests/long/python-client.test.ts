/** Writing a client from SPEC.md alone is possible: examples/python-client was, and is run against the service here. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ServerFrame } from '../../src/core/protocol.ts'
import { node, type Served } from '../contract/fixtures.ts'
import { freshRoom, member, own, peer, shared } from '../contract/ground.ts'
import { expectType, type Of, type Peer } from '../contract/peer.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { type ClientOptions, installClient, PythonClient } from './python-client.ts'

/** `reconnect.window`: clients are back within 0.1 s. */
const SOON = { PARLOR_DRAIN_WINDOW: '100ms' }

async function proxied(served: Served): Promise<CuttingProxy> {
  const proxy = await CuttingProxy.open(served.port)
  onTestFinished(() => proxy.close())
  return proxy
}

function python(options: ClientOptions): PythonClient {
  const client = new PythonClient(options)
  onTestFinished(() => client.kill())
  return client
}

/** A Python client that is in the room. */
async function pythonMember(options: ClientOptions): Promise<PythonClient> {
  const client = python(options)
  await client.until('joined')
  return client
}

/** All that was ever published to the room, which its log must still hold. */
async function logOf(reader: Peer, room: string): Promise<readonly Of<'chat'>[]> {
  const { epoch } = (await reader.join(room)).position
  const log: Of<'chat'>[] = []
  for (let more = true; more; ) {
    const last = log.at(-1)
    const after = last === undefined ? { epoch, offset: 0 } : { epoch, offset: last.offset, id: last.id }
    const page = expectType(await reader.ask({ type: 'history', room, after, limit: 1000 }), 'history')
    expect(page.intact).toBe(true)
    log.push(...page.publications.map((publication) => expectType(publication, 'chat')))
    more = page.more
  }
  return log
}

/** Reads up to this text. */
async function seen(reader: Peer, content: string): Promise<void> {
  while ((await reader.next('chat')).content !== content);
}

/** Every line an offset and a text; frames of another kind as they are. */
const linesOf = (frames: readonly ServerFrame[]): readonly string[] =>
  frames.map((frame) => (frame.type === 'chat' ? `${frame.offset} ${frame.content}` : JSON.stringify(frame)))

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `python ${at + 1}`)

describe('the Python client', () => {
  beforeAll(installClient)

  test('[ROOM-2] [ROOM-10] [ROOM-11] [ROOM-13] [CLIENT-4] [CLIENT-14] [CLIENT-19] through twelve cuts it receives everything once and in order, and publishes everything once', async () => {
    const served = await own(node, { ...SOON, PARLOR_HISTORY_SIZE: '10000' })
    const room = freshRoom()
    const proxy = await proxied(served)
    const client = await pythonMember({ port: proxy.port, room })
    const ann = await member(served, room)
    // Fewer than the 1,000 that a user's ids are remembered of: beyond them a resend may be `outcome_unknown`.
    const [rounds, each] = [12, 80]
    for (let round = 1; round <= rounds; round++) {
      const before = (round - 1) * each
      // By turns in the midst of what the server sends, and when it has sent acks that are lost.
      const cut = round % 2 === 0 ? proxy.cutAfter(999 * round) : undefined
      if (cut === undefined) proxy.deafen()
      client.publish(each)
      for (let at = 1; at <= each; at++) ann.send({ type: 'chat', room, content: `ann ${before + at}` })
      await (cut ?? seen(ann, `python ${before + 1}`).then(() => proxy.cut()))
      await client.until('acknowledged', before + each)
    }
    const log = await logOf(ann, room)
    await client.until('received', log.length)
    await client.end()
    expect(proxy.connections).toBe(1 + rounds)
    expect(log).toHaveLength(2 * rounds * each)
    expect(client.all('refused')).toEqual([])
    expect(linesOf(client.received())).toEqual(linesOf(log))
    const published = log.filter(({ from }) => from.id === 'python')
    expect(published.map(({ content }) => content)).toEqual(numbered(rounds * each))
    const acks = client.all('acknowledged').map(({ content, ack }) => ({ content, ...expectType(ack, 'ack') }))
    const offsets = new Map(published.map(({ content, offset }) => [content, offset]))
    expect(acks).toHaveLength(rounds * each)
    expect(acks.filter(({ content, position }) => position?.offset !== offsets.get(content))).toEqual([])
    expect(acks.some(({ duplicate }) => duplicate)).toBe(true)
  })

  test('[ROOM-13] [CLIENT-5] a connection that is dead and does not say so is noticed by pings, and another one taken', async () => {
    const served = await own(node, SOON)
    const room = freshRoom()
    const proxy = await proxied(served)
    const client = await pythonMember({ port: proxy.port, room, ping: 0.3 })
    const ann = await member(served, room)
    proxy.deafen()
    await ann.say(room, 'into the void')
    await client.until('received')
    expect(linesOf(client.received())).toEqual(['1 into the void'])
    expect(proxy.connections).toBe(2)
    await client.end()
  })

  test('[DRAIN-1] [ROOM-13] [CLIENT-3] after a drain it goes on at the next server, and says that the log is another one', async () => {
    const room = freshRoom()
    const first = await own(node, SOON)
    const second = await own(node, SOON)
    const proxy = await proxied(first)
    const client = await pythonMember({ port: proxy.port, room })
    client.publish(1)
    await client.until('received')
    proxy.lead(second.port)
    expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    client.publish(1)
    await client.until('received', 3)
    expect(proxy.connections).toBe(2)
    const [one, joined, two] = client.received()
    expect(one).toMatchObject({ type: 'chat', offset: 1, content: 'python 1' })
    expect(joined).toMatchObject({ type: 'joined', recovered: false, position: { offset: 0 } })
    expect(two).toMatchObject({ type: 'chat', offset: 1, content: 'python 2' })
    await client.end()
  })

  test('[ROOM-5] [ROOM-13] [CLIENT-14] what it could not be sent in time is a gap, and the rest is whole', async () => {
    const served = await own(node, { ...SOON, PARLOR_HISTORY_SIZE: '10' })
    const room = freshRoom()
    const proxy = await proxied(served)
    const client = await pythonMember({ port: proxy.port, room })
    const ann = await member(served, room)
    proxy.pause()
    // More than the buffers of two sockets hold.
    const count = 1500
    for (let at = 1; at <= count; at++) await ann.say(room, 'x'.repeat(16_000))
    proxy.resume()
    await client.receives('the last', (frame) => frame.type === 'chat' && frame.offset === count)
    proxy.cut()
    await ann.say(room, 'after the cut')
    await client.receives('what came after the cut', (frame) => frame.type === 'chat' && frame.offset === count + 1)
    let next = 1
    for (const frame of client.received()) {
      const [from, to] = frame.type === 'gap' ? [frame.from, frame.to] : [expectType(frame, 'chat').offset, undefined]
      expect(from).toBe(next)
      next = (to ?? from ?? Number.NaN) + 1
    }
    expect(next).toBe(count + 2)
    expect(client.received().filter(({ type }) => type === 'gap')).not.toEqual([])
    await client.end()
  })

  test('[AUTH-6] [AUTH-7] [CLIENT-6] it answers token_expiring with a fresh token, and outlives the first', async () => {
    const served = await own(node, SOON)
    const room = freshRoom()
    const proxy = await proxied(served)
    const client = await pythonMember({ port: proxy.port, room, lifetime: 3 })
    const end = Date.now() + 3000
    while (Date.now() < end) await client.until('token', client.all('token').length + 1)
    client.publish(1)
    await client.until('acknowledged')
    expect(proxy.connections).toBe(1)
    await client.end()
  })

  test('[SDK-34] [CLIENT-21] what may have been published as one user is not sent again as another', async () => {
    // With auth off every connection is a user of its own.
    const served = await own(node, { ...SOON, PARLOR_AUTH: 'off' })
    const room = freshRoom()
    const proxy = await proxied(served)
    const client = await pythonMember({ port: proxy.port, room })
    const ann = await member(served, room)
    proxy.deafen()
    client.publish(1)
    await seen(ann, 'python 1')
    proxy.cut()
    await client.until('refused')
    client.publish(1)
    await client.until('acknowledged')
    await client.end()
    expect(client.all('refused')).toMatchObject([
      { content: 'python 1', reason: ['outcome_unknown', expect.any(String)] },
    ])
    expect((await logOf(ann, room)).map(({ content }) => content)).toEqual(['python 1', 'python 2'])
  })

  test('[SDK-34] [CLIENT-21] what was refused for its rate alone is sent as whoever the next connection is', async () => {
    const served = await own(node, { ...SOON, PARLOR_AUTH: 'off', PARLOR_MAX_PUBLISH_RATE: '1' })
    const room = freshRoom()
    const proxy = await proxied(served)
    const client = await pythonMember({ port: proxy.port, room })
    const ann = await member(served, room)
    client.publish(2)
    await client.until('acknowledged')
    // Behind the refusal.
    await ann.say(room, 'now')
    await client.receives('now', (frame) => frame.type === 'chat' && frame.content === 'now')
    proxy.cut()
    await client.until('acknowledged', 2)
    await client.end()
    expect(client.all('refused')).toEqual([])
    const texts = (await logOf(ann, room)).map(({ content }) => content)
    expect(texts).toEqual(['python 1', 'now', 'python 2'])
  })

  test('[AUTH-2] [WS-18] [CLIENT-1] [CLIENT-2] a refused token and a connection that was replaced are its end', async () => {
    const served = await own(node, SOON)
    const room = freshRoom()
    const stranger = python({ port: served.port, room, secret: 'not the one that the service knows' })
    await stranger.until('ended')
    expect(stranger.all('ended')).toMatchObject([{ code: 401 }])
    const client = await pythonMember({ port: served.port, room })
    const session = client.all('joined').map((joined) => joined.session)[0] ?? ''
    await peer(served, { user: 'python', query: { session } })
    await client.until('ended')
    expect(client.all('ended')).toMatchObject([{ code: 4501, reason: 'replaced' }])
  })
})

describe('what SPEC.md, section 13, says of the server', () => {
  const served = shared(node)

  test('[CLIENT-4] a session that is unknown, or of another user, is ignored', async () => {
    const ann = await peer(served())
    const { session } = await ann.next('welcome')
    for (const query of [{ session: 'unknown' }, { session }, { session: '' }])
      await (await peer(served(), { user: 'bob', query })).next('welcome')
    await ann.pong()
  })

  test('[CLIENT-8] null is not the same as none; lengths are UTF-16 code units', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    const chat = { type: 'chat', room, content: 'x' }
    expect(await ann.refusal({ ...chat, id: null })).toBe('invalid_frame')
    expect(await ann.refusal({ type: 'join', room, since: null })).toBe('invalid_frame')
    expect(await ann.refusal({ ...chat, id: '\u{1f600}'.repeat(33) })).toBe('invalid_frame')
    await ann.say(room, 'x', { id: '\u{1f600}'.repeat(32) })
    ann.sendText(`{"type":"event","room":"${room}","name":"n","data":[9007199254740993,1e20]}`)
    expect(await ann.next('event')).toMatchObject({ data: [9007199254740992, 100000000000000000000] })
  })

  test('[CLIENT-9] the limit of messages is for the whole frame, and what goes beyond it has no ref', async () => {
    const room = freshRoom()
    const ann = await peer(served())
    const { limits } = await ann.next('welcome')
    await ann.join(room)
    const frame = (size: number): string => {
      const text = JSON.stringify({ type: 'chat', ref: 'ref', content: '' })
      return text.replace('""}', `"${'x'.repeat(size - text.length)}"}`)
    }
    ann.sendText(frame(limits.message))
    expect(await ann.reply('ref')).toMatchObject({ type: 'ack' })
    ann.sendText(frame(limits.message + 1))
    const error = await ann.next('error')
    expect(error.code).toBe('message_too_large')
    expect(error).not.toHaveProperty('ref')
  })

  test('[CLIENT-10] a publication can be 4 times the frame that made it, and history holds it', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    const data = `[${Array.from({ length: 13_000 }, () => '1e20').join()}]`
    ann.sendText(`{"type":"event","room":"${room}","name":"n","data":${data}}`)
    const { data: received } = await ann.next('event')
    expect(JSON.stringify(received).length).toBeGreaterThan(4 * data.length)
    const page = expectType(await ann.ask({ type: 'history', room }), 'history')
    expect(page.publications).toHaveLength(1)
  })

  test('[CLIENT-12] [CLIENT-17] [CLIENT-18] requests may follow a join, and share a ref', async () => {
    const room = freshRoom()
    const ann = await peer(served())
    await ann.next('welcome')
    ann.send({ type: 'join', room, ref: 1 })
    ann.send({ type: 'event', name: 'n', data: null, ref: 1 })
    ann.send({ type: 'leave', room, ref: 1 })
    ann.send({ type: 'join', room, ref: 1 })
    ann.send({ type: 'chat', room: 'never joined', content: 'x', ref: 2 })
    expect(await ann.reply(2)).toMatchObject({ type: 'error', code: 'not_joined', retryable: false })
    const replies = [await ann.reply(1), await ann.reply(1), await ann.reply(1), await ann.reply(1)]
    expect(replies.map(({ type }) => type).sort()).toEqual(['ack', 'joined', 'joined', 'left'])
  })

  test('[CLIENT-15] recovered answers the since of a join, also of a second one; without since it is false', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    const { position } = await ann.say(room, 'x')
    const bob = await peer(served(), { user: 'bob' })
    const joins = [
      await bob.ask({ type: 'join', room, since: position }),
      await bob.ask({ type: 'join', room, since: position }),
      await bob.ask({ type: 'join', room }),
    ]
    expect(joins.map((joined) => expectType(joined, 'joined').recovered)).toEqual([true, true, false])
  })

  test('[CLIENT-18] history goes by after; of another log it gives all after, and nothing before', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    for (const content of ['1', '2', '3']) await ann.say(room, content)
    const newest = expectType(await ann.ask({ type: 'history', room, limit: 1 }), 'history')
    const page = async (more: object): Promise<object> => {
      const { publications, intact } = expectType(await ann.ask({ type: 'history', room, ...more }), 'history')
      return { offsets: publications.map(({ offset }) => offset), intact }
    }
    const other = { ...newest.position, epoch: 'another' }
    expect(await page({ after: newest.position, before: newest.position })).toEqual({ offsets: [3], intact: true })
    expect(await page({ after: other })).toEqual({ offsets: [1, 2, 3], intact: false })
    expect(await page({ before: other })).toEqual({ offsets: [], intact: false })
  })

  test('[CLIENT-19] [CLIENT-20] [CLIENT-24] the order of keys is content; age alone and transient ids mean nothing', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    const event = { type: 'event', room, name: 'n', id: 'one' }
    expectType(await ann.ask({ ...event, data: { a: 1, b: 2 } }), 'ack')
    expect(await ann.next('event')).toMatchObject({ from: { id: 'ann' }, clientId: 'one' })
    expect(await ann.refusal({ ...event, data: { b: 2, a: 1 } })).toBe('id_reused')
    await ann.say(room, 'old', { age: 1e9 })
    for (const content of ['sent', 'sent']) await ann.say(room, content, { id: 'two', transient: true })
    expect((await ann.next('chat')).content).toBe('old')
    for (const _ of ['once', 'twice'])
      expect(await ann.next('chat')).toMatchObject({ transient: true, clientId: 'two' })
  })

  test('[CLIENT-22] behind 1,000 publishes in a moment nothing can be sent again', async () => {
    const room = freshRoom()
    const ann = await member(served(), room)
    for (let at = 0; at <= 1000; at++) await ann.say(room, 'x', { id: `id ${at}` })
    expect(await ann.refusal({ type: 'chat', room, content: 'x', id: 'id 0', age: 100 })).toBe('outcome_unknown')
    expect(await ann.refusal({ type: 'chat', room, content: 'x', id: 'never sent', age: 100 })).toBe('outcome_unknown')
    expect((await ann.say(room, 'x', { id: 'id 1000', age: 100 })).duplicate).toBe(true)
  })

  test('[CLIENT-23] a log that is another one remembers no ids', async () => {
    const room = freshRoom()
    const first = await own(node)
    const before = await (await member(first, room)).say(room, 'x', { id: 'one' })
    await first.stop()
    const second = await own(node)
    const after = await (await member(second, room)).say(room, 'x', { id: 'one', age: 60_000 })
    expect(after.duplicate).toBe(false)
    expect(after.position?.epoch).not.toBe(before.position?.epoch)
  })
})
