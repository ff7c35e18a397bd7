import { describe, expect, test } from 'vitest'
import { createParlor } from '../../src/runtimes/parlor.ts'
import { FakeRuntime, HANDSHAKE } from './fake-runtime.ts'

const OFFER = { 'Sec-WebSocket-Protocol': 'bearer.x, parlor.v1, parlor.v1.batch' }

async function joined(negotiated: string | undefined, path: string): Promise<boolean | undefined> {
  const runtime = new FakeRuntime(negotiated)
  await createParlor(runtime, { auth: 'off' }).routes.request(path, { headers: { ...HANDSHAKE, ...OFFER } })
  return runtime.open().wish?.joined
}

describe('the subprotocol that was agreed to', () => {
  test.each([
    ['parlor.v1.batch', true],
    ['parlor.v1', false],
    ['another', false],
    ['', false],
    [undefined, true],
  ])('[SUB-3] where the platform negotiated %j, messages share frames: %s', async (negotiated, shared) => {
    expect(await joined(negotiated, '/ws')).toBe(shared)
  })

  test.each(['/echo', '/chat'])('[SUB-3] on %s they never do', async (path) => {
    expect(await joined('parlor.v1.batch', path)).toBe(false)
  })
})
