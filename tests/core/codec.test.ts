import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BadFrame, decode, encode, encodeError, encodePublication } from '../../src/core/codec.ts'
import { isRetryable } from '../../src/core/errors.ts'
import type { ClientFrame } from '../../src/core/protocol.ts'
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
    expect(parseFrame(encodePublication('r', chat))).toEqual({
      type: 'chat',
      room: 'r',
      offset: 3,
      ...common,
      clientId: 'c',
      content: 'hi',
    })
    const transient = { ...common, body: { kind: 'event', name: 'n', data: null } } as const
    expect(parseFrame(encodePublication('r', transient))).toEqual({
      type: 'event',
      room: 'r',
      ...common,
      transient: true,
      name: 'n',
      data: null,
    })
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
