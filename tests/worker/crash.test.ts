import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Fixture, worker } from '../contract/fixtures.ts'
import { freshRoom, member, own, peer } from '../contract/ground.ts'
import { expectType } from '../contract/peer.ts'

test('[ROOM-11] [ROOM-13] [WORKER-3] what was acknowledged outlives SIGKILL, and a client resumes', async () => {
  const state = mkdtempSync(join(tmpdir(), 'parlor-state-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
  const kept: Fixture = { ...worker, command: (args) => worker.command([...args, '--state', state]) }
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
