import { describe, expect, test } from 'vitest'
import type { Identity } from '../../src/core/hooks.ts'
import { createParlor, type Parlor } from '../../src/runtimes/parlor.ts'
import { Gate } from '../core/fake-loop.ts'
import { FakeRuntime, HANDSHAKE } from './fake-runtime.ts'

const ENDS: Readonly<Record<string, (parlor: Parlor) => Promise<void>>> = {
  'drain()': (parlor) => parlor.drain(),
  'close()': (parlor) => parlor.close(),
}

describe('the end of a parlor', () => {
  test.each(Object.entries(ENDS))('[DRAIN-2] from %s on handshakes get 503, before auth', async (_, end) => {
    const asked: unknown[] = []
    const authenticate = (token: string | undefined): undefined => void asked.push(token)
    const parlor = createParlor(new FakeRuntime(), { auth: { authenticate } })
    await end(parlor)
    for (const path of ['/ws', '/chat', '/echo']) {
      const response = await parlor.routes.request(path, { headers: HANDSHAKE })
      expect([path, response.status, await response.text()]).toEqual([path, 503, 'The server is stopping'])
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    expect(asked).toEqual([])
    expect((await parlor.routes.request('/health')).status).toBe(200)
  })

  test.each(Object.entries(ENDS))('[DRAIN-2] a handshake under way at %s is sent away', async (_, end) => {
    const runtime = new FakeRuntime()
    const gate = new Gate<Identity>()
    const parlor = createParlor(runtime, { auth: { authenticate: () => gate.promise } })
    const upgrading = parlor.routes.request('/ws', { headers: HANDSHAKE })
    await end(parlor)
    gate.open({ user: { id: 'ann', name: 'Ann' } })
    await upgrading
    const socket = runtime.open()
    expect(socket.transport.closed).toEqual({ code: 4000, reason: 'going_away' })
    socket.gone()
    expect([socket.frames(), parlor.stats().connections]).toEqual([[], 0])
  })
})
