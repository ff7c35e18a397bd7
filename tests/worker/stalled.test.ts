import { expect, test } from 'vitest'
import { BURST, RATE } from '../../src/runtimes/worker/rate.ts'
import { worker } from '../contract/fixtures.ts'
import { dial, freshRoom, member, own, parseFrameText, residentMemory } from '../contract/ground.ts'

const MIB = 1 << 20
const STALLED = 20
const MESSAGES = 400
const CONTENT = 'x'.repeat(60_000)

test('[WORKER-5] [CONN-2] members that agreed to parlor.v1 and read nothing cost a bounded amount', {
  timeout: 90_000,
}, async () => {
  const served = await own(worker, { PARLOR_HISTORY_SIZE: '10', PARLOR_HEARTBEAT_INTERVAL: '10m' })
  const room = freshRoom()
  const ann = await member(served, room)
  const flood = async (): Promise<void> => {
    for (let at = 0; at < MESSAGES; at++) {
      await ann.say(room, CONTENT)
      await ann.next('chat')
    }
  }
  await flood()
  const before = residentMemory(served.pid)
  for (let at = 0; at < STALLED; at++) {
    const stalled = await dial(served, '/ws', { 'Sec-WebSocket-Protocol': 'parlor.v1' })
    stalled.text(JSON.stringify({ type: 'join', room }))
    while (parseFrameText(await stalled.nextText()).type !== 'joined');
    stalled.pause()
  }
  await flood()
  console.log(`${STALLED} stalled members: ${((residentMemory(served.pid) - before) / MIB).toFixed(1)} MiB`)
  const grown = (residentMemory(served.pid) - before) / MIB
  // 24 MB were published, 480 MB of which would wait for those who do not read.
  expect(grown).toBeLessThan(100)
})

test('[WORKER-5] [ROOM-5] who agreed to nothing and was sent more than it may be is told of the gap', {
  timeout: 90_000,
}, async () => {
  const served = await own(worker, { PARLOR_HISTORY_SIZE: '10' })
  const room = freshRoom()
  const ann = await member(served, room)
  const plain = await dial(served, '/ws')
  plain.text(JSON.stringify({ type: 'join', room }))
  while (parseFrameText(await plain.nextText()).type !== 'joined');
  const began = Date.now()
  await Promise.all(
    Array.from({ length: 32 }, async (_, lane) => {
      for (let at = lane; at < MESSAGES; at += 32) await ann.say(room, CONTENT)
    }),
  )
  const seconds = (Date.now() - began) / 1000
  let offset = 0
  for (let missed = 0; offset < MESSAGES; ) {
    const frame = parseFrameText(await plain.nextText())
    if (frame.type === 'gap') {
      expect(frame.from).toBe(offset + 1)
      missed += frame.missed
      offset = frame.to
    } else if (frame.type === 'chat') {
      expect(frame.offset).toBe(offset + 1)
      offset += 1
    }
    // On a machine that takes so long that this was not too much, there need be none.
    if (offset >= MESSAGES && BURST + seconds * RATE < MESSAGES * CONTENT.length) expect(missed).toBeGreaterThan(0)
  }
})
