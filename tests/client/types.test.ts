import { describe, expectTypeOf, test } from 'vitest'
import type { WebSocket as WsWebSocket } from 'ws'
import type {
  ConnectionState,
  ConnectOptions,
  JoinOptions,
  Message,
  Missed,
  Page,
  Parlor,
  Published,
  Room,
  RoomState,
  SocketConstructor,
} from '../../src/client/index.ts'
import type { StreamPosition } from '../../src/core/protocol.ts'

/** Not called: it is the compiler that tests it (`tsc -b`). */
function mustCompile(parlor: Parlor, room: Room): void {
  const onMessage = (): void => {}
  parlor.join('lobby', { onMessage, onMissed: (missed) => expectTypeOf(missed).toEqualTypeOf<Missed>() })
  parlor.join('lobby', { onMessage, onMissed: 'ignore' })
  // @ts-expect-error what is missed has to be handled, or ignored in so many words
  parlor.join('lobby', { onMessage })
  // @ts-expect-error
  parlor.join('lobby', { onMessage, onMissed: undefined })
  // @ts-expect-error
  parlor.join('lobby', { onMessage, onMissed: false })
  // @ts-expect-error
  parlor.join('lobby')
  // @ts-expect-error data is JSON
  void room.event('when', new Date())
  // @ts-expect-error before or after, not both
  void room.history({ before: { epoch: 'e', offset: 0 }, after: { epoch: 'e', offset: 0 } })
  // What is undefined is as not given.
  parlor.join('lobby', { onMessage, onMissed: 'ignore', history: undefined, since: undefined, onFailed: undefined })
  void room.publish('hi', { id: undefined })
  void room.history({ before: { epoch: 'e', offset: 0 }, after: undefined, limit: undefined })
  // @ts-expect-error a transient message has no id to be deduplicated by
  void room.publish('hi', { transient: true, id: 'x' })
}

describe('[SDK-22] types', () => {
  test('what an application must not leave out does not compile', () => {
    expectTypeOf(mustCompile).toBeFunction()
  })

  test('what is missed comes in three kinds, told apart by kind', () => {
    expectTypeOf<Missed['kind']>().toEqualTypeOf<'gap' | 'reset' | 'not_recovered'>()
    expectTypeOf<Extract<Missed, { kind: 'not_recovered' }>['since']>().toEqualTypeOf<StreamPosition>()
    expectTypeOf<JoinOptions>().not.toExtend<{ readonly onMissed?: undefined }>()
  })

  test('states are told apart by kind', () => {
    expectTypeOf<ConnectionState['kind']>().toEqualTypeOf<'connecting' | 'open' | 'waiting' | 'closed'>()
    expectTypeOf<RoomState['kind']>().toEqualTypeOf<'joining' | 'joined' | 'left' | 'failed'>()
    expectTypeOf<Extract<ConnectionState, { kind: 'waiting' }>['until']>().toEqualTypeOf<number>()
  })

  test('messages are those of the protocol', () => {
    expectTypeOf<Extract<Message, { type: 'chat' }>['content']>().toEqualTypeOf<string>()
    expectTypeOf<Extract<Message, { type: 'event' }>>().toHaveProperty('data')
  })

  test('a message is transient, or has a place in the log', () => {
    const look = (message: Message): void => {
      if (message.transient) {
        expectTypeOf(message.offset).toEqualTypeOf<undefined>()
        expectTypeOf(message.position).toEqualTypeOf<undefined>()
      } else {
        expectTypeOf(message.offset).toEqualTypeOf<number>()
        expectTypeOf(message.position).toEqualTypeOf<StreamPosition>()
      }
      if (message.position) expectTypeOf(message.offset).toEqualTypeOf<number>()
      if (message.offset === undefined) expectTypeOf(message.transient).toEqualTypeOf<true>()
      if (message.type === 'chat' && !message.transient) expectTypeOf(message.content).toEqualTypeOf<string>()
    }
    expectTypeOf(look).toBeFunction()
    expectTypeOf<Page['messages'][number]['position']>().toEqualTypeOf<StreamPosition>()
  })

  test('publishing resolves with a position, a transient message with nothing', () => {
    expectTypeOf<Room['publish']>().toExtend<(content: string) => Promise<Published>>()
    expectTypeOf<Room['publish']>().toExtend<(content: string, options: { transient: true }) => Promise<undefined>>()
  })

  test('options of connect may be undefined', () => {
    expectTypeOf<{ [K in keyof ConnectOptions]-?: undefined }>().toExtend<ConnectOptions>()
  })

  test('the WebSocket of a browser and that of ws will do', () => {
    expectTypeOf<typeof globalThis.WebSocket>().toExtend<SocketConstructor>()
    expectTypeOf<typeof WsWebSocket>().toExtend<SocketConstructor>()
  })
})
