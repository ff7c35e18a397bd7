import { describe, expect, test } from 'vitest'
import { freshRoom, type Ground, peer } from './ground.ts'

export function badFrames({ served }: Ground): void {
  describe('bad frames', () => {
    test.each([
      ['nothing', ''],
      ['a word', 'hello'],
      ['half an object', '{"type":"ping"'],
      ['two objects', '{"type":"ping"}{"type":"ping"}'],
      ['two lines', '{"type":"ping"}\n{"type":"ping"}'],
      ['JSON with a comment', '{"type":"ping"} // hi'],
      ['single quotes', "{'type':'ping'}"],
    ])('[WS-3] %s is invalid_json', async (_, text) => {
      const ann = await peer(served())
      await ann.next('welcome')
      ann.sendText(text)
      expect(await ann.frame()).toMatchObject({ type: 'error', code: 'invalid_json', retryable: false })
      await ann.pong()
    })

    test('[SUB-3] a client sends one message a frame, with batch too', async () => {
      const ann = await peer(served(), { protocols: ['parlor.v1.batch'] })
      ann.sendText('{"type":"ping"}\n{"type":"ping"}')
      expect((await ann.next('error')).code).toBe('invalid_json')
      await ann.pong()
    })

    test.each([
      ['an array', '[]', undefined],
      ['a string', '"ping"', undefined],
      ['null', 'null', undefined],
      ['no type', '{}', 'type'],
      ['join without room', '{"type":"join"}', 'room'],
      ['join of a number', '{"type":"join","room":5}', 'room'],
      ['history above 1000', '{"type":"join","room":"a","history":1001}', 'history'],
      ['history below 0', '{"type":"join","room":"a","history":-1}', 'history'],
      ['history that is a float', '{"type":"join","room":"a","history":1.5}', 'history'],
      ['leave without room', '{"type":"leave"}', 'room'],
      ['chat without content', '{"type":"chat"}', 'content'],
      ['content that is a number', '{"type":"chat","content":5}', 'content'],
      ['an id of 65 characters', `{"type":"chat","content":"a","id":"${'x'.repeat(65)}"}`, 'id'],
      ['an empty id', '{"type":"chat","content":"a","id":""}', 'id'],
      ['an age below 0', '{"type":"chat","content":"a","id":"i","age":-1}', 'age'],
      ['transient that is no boolean', '{"type":"chat","content":"a","transient":1}', 'transient'],
      ['an event without a name', '{"type":"event","room":"a","data":1}', 'name'],
      ['an event with an empty name', '{"type":"event","room":"a","name":"","data":1}', 'name'],
      ['an event’s name of 129', `{"type":"event","room":"a","name":"${'x'.repeat(129)}","data":1}`, 'name'],
      ['an event without data', '{"type":"event","room":"a","name":"n"}', 'data'],
      ['auth without a token', '{"type":"auth"}', 'token'],
      ['a ref that is a float', '{"type":"ping","ref":1.5}', 'ref'],
      ['an empty ref', '{"type":"ping","ref":""}', 'ref'],
      ['a ref of 65 characters', `{"type":"ping","ref":"${'x'.repeat(65)}"}`, 'ref'],
      ['a ref that is null', '{"type":"ping","ref":null}', 'ref'],
      ['a ref that is an object', '{"type":"ping","ref":{}}', 'ref'],
    ])('[WS-3] %s is invalid_frame', async (_, text, path) => {
      const ann = await peer(served())
      await ann.next('welcome')
      ann.sendText(text)
      const error = await ann.next('error')
      expect(error).toMatchObject({ code: 'invalid_frame', retryable: false })
      if (path !== undefined) expect(error.path).toBe(path)
      await ann.pong()
    })

    test.each(['dance', 'PING', 'welcome', '', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
      '[WS-3] the type %j is unknown_type',
      async (type) => {
        const ann = await peer(served())
        expect(await ann.ask({ type })).toMatchObject({ type: 'error', code: 'unknown_type', retryable: false })
        await ann.pong()
      },
    )

    test('[WS-4] 20 bad frames in a row close with 4500', async () => {
      const ann = await peer(served())
      for (let at = 0; at < 20; at++) ann.sendText('bad')
      expect(await ann.closed()).toEqual({ code: 4500, reason: 'bad_frames' })
      expect(ann.pending().filter(({ type }) => type === 'error').length).toBeGreaterThanOrEqual(19)
    })

    test('[WS-4] bad frames of every kind count', async () => {
      const ann = await peer(served())
      for (let at = 0; at < 5; at++) {
        ann.sendText('bad')
        ann.sendText('{"type":"chat"}')
        ann.sendText('{"type":"dance"}')
        ann.sendBinary(Uint8Array.of(1))
      }
      expect((await ann.closed()).code).toBe(4500)
    })

    test('[WS-4] a good frame starts the count again', async () => {
      const ann = await peer(served())
      const bad = (): void => {
        for (let at = 0; at < 19; at++) ann.sendText('bad')
      }
      bad()
      await ann.pong()
      bad()
      expect(await ann.refusal({ type: 'leave', room: freshRoom() })).toBe('not_joined')
      bad()
      await ann.pong()
    })

    test('[WS-5] binary is answered with binary_unsupported', async () => {
      const ann = await peer(served())
      ann.sendBinary(Buffer.from('{"type":"ping"}'))
      expect((await ann.next('error')).code).toBe('binary_unsupported')
      await ann.pong()
    })
  })
}
