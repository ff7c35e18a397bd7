import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Fixture, worker } from '../contract/fixtures.ts'
import { freshRoom, member, own, peer } from '../contract/ground.ts'
import { expectType } from '../contract/peer.ts'

const PATIENCE = 15_000

/** The service with a storage that outlives it. */
function keeping(): Fixture {
  const state = mkdtempSync(join(tmpdir(), 'parlor-state-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
  return { ...worker, command: (args) => worker.command([...args, '--state', state]) }
}

test('[ROOM-11] [ROOM-13] [WORKER-3] what was acknowledged outlives SIGKILL, and a client resumes', async () => {
  const kept = keeping()
  const room = freshRoom()

  const before = await own(kept)
  const ann = await member(before, room)
  const first = await ann.say(room, 'first', { id: 'one' })
  const rest = await Promise.all(Array.from({ length: 50 }, (_, at) => ann.say(room, `${at}`)))
  await before.stop()
  await ann.closed()

  const after = await own(kept)
  const bob = await peer(after, { user: 'bob' })
  const joined = expectType(await bob.ask({ type: 'join', room, since: first.position }), 'joined')
  expect(joined.recovered).toBe(true)
  for (const { position } of rest) expect(await bob.next('chat')).toMatchObject({ offset: position?.offset })
  const again = await member(after, room)
  expect(await again.say(room, 'first', { id: 'one' })).toMatchObject({ duplicate: true, position: first.position })
})

test('[WORKER-13] an alarm that was set before a crash wakes its object after it, though nobody has asked for that by its name', {
  timeout: 40_000,
}, async () => {
  const kept = keeping()
  const settings = { PARLOR_LOG_LEVEL: 'debug', PARLOR_HISTORY_TTL: '2s' }
  const room = freshRoom()
  const before = await own(kept, settings)
  const ann = await peer(before, { query: { room } })
  await ann.next('joined')
  await ann.say(room, 'first')
  await before.stop()
  const after = await own(kept, settings)
  await vi.waitFor(() => expect(after.stdout()).toContain('an object wakes'), { timeout: PATIENCE })
})
