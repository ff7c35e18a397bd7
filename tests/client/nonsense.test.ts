import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { draws } from '../core/fake-world.ts'
import { FakePlatform, hear, line, WELCOME } from './fake-platform.ts'

describe('what a server should not send', () => {
  test.each([
    ['no JSON', 'nonsense'],
    ['an empty text', ''],
    ['a number', '7'],
    ['null', 'null'],
    ['an array', '[]'],
    ['no type', '{}'],
    ['a type of tomorrow', '{"type":"presence","room":"lobby"}'],
    ['a type that objects have by birth', '{"type":"constructor"}'],
    ['a type that is no text', '{"type":7}'],
    ['a joined without a position', '{"type":"joined","ref":1,"room":"lobby","recovered":false}'],
    ['a publication without a sender', '{"type":"chat","room":"lobby","offset":1,"id":"m1","time":1,"content":"x"}'],
    ['an offset that is a text', JSON.stringify({ ...line(1), offset: '1' })],
    ['an answer to nothing', '{"type":"ack","ref":99}'],
    ['an answer with a ref that is a text', '{"type":"ack","ref":"r1"}'],
    ['an error that nobody asked for', '{"type":"error","code":"internal","message":"oh","retryable":true}'],
  ])('[SDK-40] %s is ignored, and told to who wants to know', async (_, text) => {
    const problems: string[] = []
    const platform = new FakePlatform()
    const parlor = await platform.open({ onProtocolError: (_what, frame) => problems.push(frame) })
    const { story } = hear(parlor)
    platform.socket.text(text)
    platform.socket.joined()
    platform.socket.say(line(1))
    expect(problems).toEqual([text])
    expect(story).toEqual(['line 1'])
    expect(platform.reported).toEqual([])
  })

  test('[SDK-40] a binary frame, a second welcome, a room that is not joined: nothing comes of them', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    platform.socket.text(new ArrayBuffer(4))
    platform.socket.say({ ...WELCOME, connection: 'c9' })
    platform.socket.say(line(1, 'elsewhere', 'attic'), { type: 'left', room: 'attic' })
    platform.socket.joined()
    expect(story).toEqual([])
    expect(parlor.state).toMatchObject({ kind: 'open', connection: 'c1' })
  })

  test('[SDK-40] fields and error codes that a newer server adds are no trouble', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    await platform.rest()
    platform.socket.accept()
    platform.socket.say({ ...WELCOME, credits: 12, limits: { ...WELCOME.limits, history: 3 } })
    const { story, room } = hear(parlor)
    platform.socket.say({
      type: 'joined',
      ref: 1,
      room: 'lobby',
      position: { epoch: 'e', offset: 0, at: 1 },
      recovered: false,
      more: 1,
    })
    platform.socket.say({ ...line(1), mood: 'good' })
    expect(story).toEqual(['line 1'])
    expect(room.state.kind).toBe('joined')
  })

  test('[SDK-40] frames before welcome are ignored', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    hear(parlor)
    await platform.rest()
    platform.socket.accept()
    platform.socket.say(line(1), { type: 'pong' }, { type: 'drain', reconnectAfter: 5 })
    await platform.pass(1000)
    expect(parlor.state.kind).toBe('connecting')
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-41] a handler for protocol errors that throws is reported', async () => {
    const platform = new FakePlatform()
    await platform.open({
      onProtocolError() {
        throw new Error('mine')
      },
    })
    platform.socket.text('?')
    expect(platform.reported).toEqual([new Error('mine')])
  })

  test('[SDK-40] no frame that JSON can express makes it throw', async () => {
    const types = [
      'welcome',
      'joined',
      'left',
      'chat',
      'event',
      'history',
      'gap',
      'reset',
      'ack',
      'error',
      'drain',
      'pong',
    ]
    const field = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('lobby', 1, 2, 3, { epoch: 'e1', offset: 1, id: 'm1' }, { id: 'a', name: 'b' }),
    )
    const frame = fc.record(
      {
        type: fc.constantFrom(...types),
        ref: field,
        room: field,
        position: field,
        recovered: field,
        offset: field,
        id: field,
        from: field,
        to: field,
        time: field,
        content: field,
        name: field,
        data: field,
        publications: field,
        intact: field,
        more: field,
        code: field,
        message: field,
        retryable: field,
        reconnectAfter: field,
        reason: field,
      },
      { requiredKeys: ['type'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
        const platform = new FakePlatform()
        const parlor = await platform.open()
        const { room } = hear(parlor)
        room.publish('x').catch(() => {})
        room.history().catch(() => {})
        for (const each of frames) platform.socket.say(each)
        await platform.pass(200)
        expect(platform.reported).toEqual([])
        parlor.close()
      }),
      draws(300),
    )
  })
})
