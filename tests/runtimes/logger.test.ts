import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createParlor } from '../../src/runtimes/parlor.ts'
import { FakeRuntime, HANDSHAKE } from '../http/fake-runtime.ts'

describe("the application's logger", () => {
  test.each([
    [
      'throws',
      (): void => {
        throw new Error('the disk is full')
      },
    ],
    ['rejects', (): Promise<void> => Promise.reject(new Error('the network is away'))],
    ['is not whole any more', undefined],
  ])('[HTTP-5] one that %s ends nothing', async (_, write) => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const runtime = new FakeRuntime()
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const parlor = createParlor(runtime, {
      auth: 'off',
      log,
      hooks: { join: () => Promise.reject(new Error('a hook that fails')) },
    })
    Object.assign(log, { debug: write, info: write, warn: write, error: write })
    await parlor.routes.request('/ws', { headers: HANDSHAKE })
    const socket = runtime.open()
    socket.send({ type: 'join', room: 'r', ref: 1 })
    await runtime.rest()
    socket.send({ type: 'ping', ref: 2 })
    await runtime.rest()
    socket.gone()
    await setImmediate()
    process.off('unhandledRejection', note)
    expect(socket.frames().slice(1)).toMatchObject([
      { type: 'error', ref: 1, code: 'internal' },
      { type: 'pong', ref: 2 },
    ])
    expect(socket.transport.closed).toBeUndefined()
    expect(unhandled).toEqual([])
  })

  test('[HTTP-5] is called as its own method, with what there is to say', async () => {
    const lines: unknown[] = []
    const log = {
      prefix: 'mine',
      debug(message: string, fields?: object): void {
        lines.push([this.prefix, message, fields])
      },
      info: (): void => {},
      warn: (): void => {},
      error: (): void => {},
    }
    const runtime = new FakeRuntime()
    await createParlor(runtime, { auth: 'off', log }).routes.request('/echo', { headers: HANDSHAKE })
    runtime.open()
    expect(lines).toMatchObject([['mine', 'connection opened', { route: 'echo' }]])
  })
})
