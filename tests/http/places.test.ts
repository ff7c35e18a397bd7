import { describe, expect, test } from 'vitest'
import { createParlor } from '../../src/runtimes/parlor.ts'
import { FakeRuntime, type FakeSocket, HANDSHAKE } from './fake-runtime.ts'

class World {
  readonly runtime = new FakeRuntime()
  readonly parlor = createParlor(this.runtime, { auth: 'off', limits: { connections: 1, badFrames: 1 } })

  async status(): Promise<number> {
    return (await this.parlor.routes.request('/ws', { headers: HANDSHAKE })).status
  }

  async enter(): Promise<FakeSocket> {
    expect(await this.status()).toBe(200)
    return this.runtime.open()
  }
}

describe('the places of a process', () => {
  test('[LIMIT-2] is free when the server has ended the connection, whatever becomes of the socket', async () => {
    const world = new World()
    const deaf = await world.enter()
    expect(await world.status()).toBe(503)
    deaf.send('no frame')
    expect(deaf.transport.closed).toMatchObject({ code: 4500 })
    await world.enter()
    expect(await world.status()).toBe(503)
  })

  test('[LIMIT-2] is given back once, though the socket goes later', async () => {
    const world = new World()
    const deaf = await world.enter()
    deaf.send('no frame')
    const next = await world.enter()
    deaf.gone()
    deaf.gone()
    expect(await world.status()).toBe(503)
    next.gone()
    expect(await world.status()).toBe(200)
  })

  test('[LIMIT-2] is free where the socket can not be taken', async () => {
    const world = new World()
    const transport = world.runtime.transport.bind(world.runtime)
    world.runtime.transport = () => {
      throw new TypeError('not a socket')
    }
    const broken = await world.enter()
    expect(broken.transport.closed).toMatchObject({ code: 1011 })
    world.runtime.transport = transport
    const next = await world.enter()
    broken.gone()
    expect(await world.status()).toBe(503)
    next.gone()
    expect(await world.status()).toBe(200)
  })
})
