import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { Publication } from '../../src/core/broadcast-adapter.ts'
import { type BadFrame, decode, encode, encodeError } from '../../src/core/codec.ts'
import { isRetryable } from '../../src/core/errors.ts'
import { ClientFrame, type Json } from '../../src/core/protocol.ts'
import { publicationEncoder } from '../../src/core/publication-text.ts'
import { draws, parseFrame } from './fake-world.ts'

function good(text: string): ClientFrame {
  const decoded = decode(text)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.bad))
  return decoded.frame
}

function bad(text: string): BadFrame {
  const decoded = decode(text)
  if (decoded.ok) throw new Error(`was taken: ${text}`)
  return decoded.bad
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const event = (data: string): string => `{"type":"event","ref":7,"room":"r","name":"n","data":${data}}`

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800x', 'x\udfff', '"\\/\u2028\u007f', '\r\n\t'),
)
const oddOr = <T>(usual: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T | fc.JsonValue> =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: fc.jsonValue(), weight: 1 })
const often = <T>(usual: string, odd: fc.Arbitrary<T>): fc.Arbitrary<T | string> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 19 }, { arbitrary: odd, weight: 1 })

/** The frame of a publication, as SPEC.md orders its fields, in the words of the platform. */
function stringified(room: string, { offset, id, from, time, body, clientId }: Publication): string {
  const transient = offset === undefined ? true : undefined
  const common = { type: body.kind, room, offset, id, from, time, clientId, transient }
  const { kind, ...content } = body
  return JSON.stringify({ ...common, ...content })
}

describe('codec', () => {
  test('[WS-2] the three frames work as they stand', () => {
    expect(good('{"type":"join","room":"lobby"}')).toEqual({ type: 'join', room: 'lobby' })
    expect(good('{"type":"chat","content":"hello"}')).toEqual({ type: 'chat', content: 'hello' })
    expect(good('{"type":"leave","room":"lobby"}')).toEqual({ type: 'leave', room: 'lobby' })
  })

  test('[WS-3] unknown fields are ignored', () => {
    expect(good('{"type":"ping","x":1,"__proto__":{"ref":1},"room":{}}')).toEqual({ type: 'ping' })
  })

  test.each(['', '{', 'hello', '{"type":"ping"}{}', '\u0000', 'undefined'])('[WS-3] %j is no JSON', (text) => {
    expect(bad(text)).toMatchObject({ code: 'invalid_json' })
    expect(bad(text).ref).toBeUndefined()
  })

  test.each([
    ['null', undefined],
    ['[]', 'type'],
    ['5', undefined],
    ['"join"', undefined],
    ['{}', 'type'],
    ['{"type":5}', 'type'],
    ['{"type":"join"}', 'room'],
    ['{"type":"join","room":5}', 'room'],
    ['{"type":"join","room":"r","history":1001}', 'history'],
    ['{"type":"join","room":"r","history":-1}', 'history'],
    ['{"type":"join","room":"r","history":1.5}', 'history'],
    ['{"type":"leave"}', 'room'],
    ['{"type":"chat"}', 'content'],
    ['{"type":"chat","content":null}', 'content'],
    ['{"type":"chat","content":"c","id":""}', 'id'],
    [`{"type":"chat","content":"c","id":"${'i'.repeat(65)}"}`, 'id'],
    ['{"type":"chat","content":"c","age":-1}', 'age'],
    ['{"type":"chat","content":"c","transient":1}', 'transient'],
    ['{"type":"event","room":"r","data":1}', 'name'],
    ['{"type":"event","room":"r","name":"","data":1}', 'name'],
    ['{"type":"event","room":"r","name":"n"}', 'data'],
    ['{"type":"auth"}', 'token'],
    ['{"type":"ping","ref":""}', 'ref'],
    ['{"type":"ping","ref":1.5}', 'ref'],
    ['{"type":"ping","ref":null}', 'ref'],
    [`{"type":"ping","ref":"${'r'.repeat(65)}"}`, 'ref'],
  ])('[WS-3] %s is no frame: %s', (text, path) => {
    const { code, path: found, ref } = bad(text)
    expect({ code, path: found, ref }).toEqual({ code: 'invalid_frame', path, ref: undefined })
  })

  test.each(['saw', '', 'constructor', '__proto__', 'toString', 'JOIN'])('[WS-3] no frame has the type %j', (type) => {
    expect(bad(JSON.stringify({ type, ref: 'r1' }))).toMatchObject({ code: 'unknown_type', path: 'type', ref: 'r1' })
  })

  test('[WS-7] a good ref comes back from a bad frame', () => {
    expect(bad('{"type":"chat","ref":3,"content":3}').ref).toBe(3)
    expect(bad('{"type":"join","ref":"a","room":null}').ref).toBe('a')
  })

  test('[HTTP-5] data may be nested 128 deep, beyond that it is refused, however deep', () => {
    expect(good(event(nested(128)))).toMatchObject({ type: 'event', ref: 7 })
    for (const levels of [129, 30_000]) {
      expect(bad(event(nested(levels)))).toMatchObject({ code: 'invalid_frame', path: 'data', ref: 7 })
    }
    expect(decode(nested(30_000)).ok).toBe(false)
    expect(good(`{"type":"ping","x":${nested(30_000)}}`)).toEqual({ type: 'ping' })
  })

  test('[WS-3] an error says what, where, of which request and whether to try again', () => {
    const error = { code: 'unavailable', message: 'm', path: 'p', ref: 0 } as const
    expect(parseFrame(encodeError(error, 'r'))).toEqual({ type: 'error', ...error, retryable: true, room: 'r' })
    expect(encodeError({ code: 'invalid_json', message: 'm' })).toBe(
      '{"type":"error","code":"invalid_json","message":"m","retryable":false}',
    )
    expect(isRetryable('rate_limited')).toBe(true)
    expect(isRetryable('not_joined')).toBe(false)
  })

  test('[WS-13] pong is exactly pong', () => expect(encode({ type: 'pong' })).toBe('{"type":"pong"}'))

  test('codec: a publication as members get it', () => {
    const common = { id: 'p1', from: { id: 'ann', name: 'Ann' }, time: 5 }
    const chat = { ...common, offset: 3, clientId: 'c', body: { kind: 'chat', content: 'hi' } } as const
    expect(parseFrame(publicationEncoder('r')(chat))).toEqual({
      type: 'chat',
      room: 'r',
      offset: 3,
      ...common,
      clientId: 'c',
      content: 'hi',
    })
    const transient = { ...common, body: { kind: 'event', name: 'n', data: null } } as const
    expect(parseFrame(publicationEncoder('r')(transient))).toEqual({
      type: 'event',
      room: 'r',
      ...common,
      transient: true,
      name: 'n',
      data: null,
    })
  })

  test('[WS-3] a chat frame is read as its schema says, whatever is in it', () => {
    const chats = fc.record(
      {
        type: often('chat', fc.jsonValue()),
        content: oddOr(text, 9),
        room: oddOr(text, 9),
        ref: fc.oneof(fc.integer(), fc.double(), fc.string({ maxLength: 70 }), fc.jsonValue()),
        id: oddOr(fc.string({ maxLength: 70 }), 9),
        age: oddOr(fc.nat(), 3),
        transient: oddOr(fc.boolean(), 3),
        other: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    let taken = 0
    fc.assert(
      fc.property(chats, (chat) => {
        const json = JSON.stringify(chat)
        const read = v.safeParse(ClientFrame, JSON.parse(json))
        const decoded = decode(json)
        expect(decoded.ok).toBe(read.success)
        if (!decoded.ok || !read.success) return
        expect(decoded.frame).toStrictEqual(read.output)
        taken++
      }),
      draws(3000),
    )
    expect(taken).toBeGreaterThan(300)
  })

  test('codec: a publication is put together as JSON.stringify would, byte for byte', () => {
    const user = fc.record({ id: text, name: text })
    const body: fc.Arbitrary<Publication['body']> = fc.oneof(
      fc.record({ kind: fc.constant('chat' as const), content: text }),
      fc.record({
        kind: fc.constant('event' as const),
        name: text,
        data: fc.json().map((json): Json => JSON.parse(json)),
      }),
    )
    const time = fc.double({ noNaN: true, noDefaultInfinity: true })
    const numbers = { offset: fc.maxSafeNat(), time: fc.oneof(fc.maxSafeNat(), time) }
    const publication = fc.record(
      {
        ...numbers,
        id: text,
        from: fc.constantFrom(...fc.sample(user, { numRuns: 3, seed: draws(1).seed })),
        body,
        clientId: text,
      },
      { requiredKeys: ['id', 'from', 'time', 'body'] },
    )
    fc.assert(
      fc.property(text, fc.array(publication, { minLength: 1 }), (room, publications) => {
        const encodeIn = publicationEncoder(room)
        expect(publications.map(encodeIn)).toEqual(publications.map((each) => stringified(room, each)))
      }),
      draws(500),
    )
  })

  test('[HTTP-5] no text makes it throw, and no bad frame makes an unreadable error', () => {
    const almost = fc.record(
      {
        type: fc.oneof(fc.constantFrom('join', 'leave', 'chat', 'event', 'auth', 'ping'), fc.string(), fc.jsonValue()),
        ref: fc.jsonValue(),
        room: fc.jsonValue(),
        content: fc.jsonValue(),
        name: fc.jsonValue(),
        data: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      almost.map((frame) => JSON.stringify(frame)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const decoded = decode(text)
        if (!decoded.ok) expect(parseFrame(encodeError(decoded.bad)).type).toBe('error')
      }),
      draws(1000),
    )
  })
})
