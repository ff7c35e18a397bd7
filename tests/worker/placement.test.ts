import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PLAIN_CHAT_ROOM } from '../../src/core/plain-chat.ts'
import { isRoomName } from '../../src/core/room-name.ts'
import { objectFor, objectOfRoom, roomOfObject, speaksProtocol } from '../../src/runtimes/worker/placement.ts'

const LONGEST = 128
const OPTIONS = { shards: 3, longestRoomName: LONGEST }

/** As the platform hands on a name: in UTF-8. */
const onTheWire = (object: string): string => new TextDecoder().decode(new TextEncoder().encode(object))

/** Names that were chosen to be taken for something else, and any others. */
const room = fc.oneof(
  fc.constantFrom('', 'chat', 'gw:DFW:0', 'echo:DFW:0', 'room:', 'room:a', PLAIN_CHAT_ROOM, `room:${PLAIN_CHAT_ROOM}`),
  fc.string({ maxLength: 140, unit: 'binary' }),
  fc.constantFrom('\ud800', '\ud801', '\ufffd', 'json:"a"', '"\\ud800"'),
)
const handshake = fc.record({
  route: fc.constantFrom('echo' as const, 'chat' as const, 'ws' as const),
  user: fc.string(),
  room: fc.option(room, { nil: undefined }),
  colo: fc.constantFrom('DFW', 'local'),
})

describe('[WORKER-2] [CHAT-5] where a socket lives', () => {
  test('is the object of the room that it names, or one that keeps no log: never another room’s or another kind of object', () => {
    fc.assert(
      fc.property(handshake, (asked) => {
        const object = objectFor(asked, OPTIONS)
        const names = asked.route === 'ws' && asked.room !== undefined && isRoomName(asked.room, LONGEST)
        const own = asked.route === 'chat' ? PLAIN_CHAT_ROOM : names ? asked.room : undefined
        expect(roomOfObject(onTheWire(object))).toBe(own)
        expect(speaksProtocol(object)).toBe(asked.route === 'ws')
        expect(object.startsWith(`gw:${asked.colo}:`)).toBe(asked.route === 'ws' && !names)
      }),
    )
  })

  test('no name that a client can give leads to the object of the plain chat, and two never to the same one', () => {
    expect(isRoomName(PLAIN_CHAT_ROOM, LONGEST)).toBe(false)
    fc.assert(
      fc.property(room, room, (one, other) => {
        fc.pre(isRoomName(one, LONGEST) && isRoomName(other, LONGEST))
        expect(roomOfObject(onTheWire(objectOfRoom(one)))).toBe(one)
        expect(onTheWire(objectOfRoom(one)) === onTheWire(objectOfRoom(other))).toBe(one === other)
        expect(objectOfRoom(one)).not.toBe(objectOfRoom(PLAIN_CHAT_ROOM))
      }),
    )
  })

  test('[WORKER-10] one user’s sockets of a datacenter share an object', () => {
    fc.assert(
      fc.property(fc.string(), (user) => {
        const at = { route: 'ws', user, room: undefined, colo: 'DFW' } as const
        expect(objectFor(at, OPTIONS)).toMatch(/^gw:DFW:[012]$/)
        expect(objectFor(at, OPTIONS)).toBe(objectFor({ ...at }, OPTIONS))
      }),
    )
  })
})
