import { expect, test } from 'vitest'
import { closeOf, OPCODE } from '../contract/frames.ts'
import { dial, freshRoom, member } from '../contract/ground.ts'
import { objects } from './harness.ts'

const GATEWAY = 'gw:DFW:0'
const AGREED = { 'Sec-WebSocket-Protocol': 'parlor.v1' }
const PING = '{"type":"ping"}'

const { served, evict } = objects({ PARLOR_HEARTBEAT_INTERVAL: '1s', PARLOR_HEARTBEAT_GRACE: '500ms' })

test('[WORKER-9] who agreed to parlor.v1 and falls silent is dropped, by an object that hibernated too', async () => {
  const room = freshRoom()
  const silent = await dial(served(), '/ws', AGREED)
  silent.text(JSON.stringify({ type: 'join', room }))
  await silent.nextText()
  await silent.nextText()
  const pinging = await dial(served(), '/ws', AGREED)
  await pinging.nextText()
  const beats = setInterval(() => pinging.text(PING), 300)
  const plain = await dial(served(), '/ws')
  await plain.nextText()
  await evict(GATEWAY, 'hibernate')
  const end = await silent.frame()
  expect(end.opcode).toBe(OPCODE.close)
  expect(closeOf(end)).toEqual({ code: 4001, reason: 'heartbeat_timeout' })
  for (let at = 0; at < 5; at++) expect(await pinging.nextText()).toBe('{"type":"pong"}')
  clearInterval(beats)
  plain.text(PING)
  expect(await plain.nextText()).toBe('{"type":"pong"}')
  // It is in no room any more.
  const ann = await member(served(), room)
  await ann.say(room, 'alone')
})
