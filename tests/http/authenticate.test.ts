import { HTTPException } from 'hono/http-exception'
import { describe, expect, test } from 'vitest'
import { createParlor, type Parlor } from '../../src/runtimes/parlor.ts'
import { FakeLog } from '../core/fake-loop.ts'
import { unchecked } from '../unchecked.ts'
import { FakeRuntime, HANDSHAKE } from './fake-runtime.ts'

class World {
  readonly runtime = new FakeRuntime()
  readonly log = new FakeLog()
  /** What was logged beside the messages. */
  readonly reasons: string[] = []
  readonly parlor: Parlor

  constructor(authenticate: (token: string | undefined) => unknown) {
    this.parlor = createParlor(this.runtime, {
      auth: unchecked({ authenticate }),
      log: {
        ...this.log,
        error: (message, fields) => {
          this.log.error(message)
          this.reasons.push(String(fields?.['reason']))
        },
      },
    })
    // Hono prints what nobody handles.
    this.parlor.routes.onError((error, c) =>
      error instanceof HTTPException ? error.getResponse() : c.text('broken', 500),
    )
  }

  async handshake(path = '/ws'): Promise<{ readonly status: number; readonly body: string }> {
    const response = await this.parlor.routes.request(path, { headers: HANDSHAKE })
    return { status: response.status, body: await response.text() }
  }
}

/** Has a `then`, and is no Promise. */
const thenable = (value: unknown): object =>
  Object.fromEntries([['then', (resolve: (value: unknown) => void): void => void setImmediate(() => resolve(value))]])

const ANN = { id: 'ann', name: 'Ann' }

describe("the application's own authenticate", () => {
  test('[AUTH-4] nothing of its user but id and name gets to clients', async () => {
    const world = new World(() => ({ user: { ...ANN, email: 'ann@example.org', passwordHash: 'x' }, role: 'admin' }))
    expect(await world.handshake()).toMatchObject({ status: 200 })
    const ann = world.runtime.open()
    ann.send({ type: 'join', room: 'r' })
    ann.send({ type: 'chat', content: 'hi' })
    await world.runtime.rest()
    expect(ann.frames().find(({ type }) => type === 'welcome')).toMatchObject({ user: ANN })
    expect(ann.frames().find(({ type }) => type === 'chat')).toMatchObject({ from: ANN })
    expect(ann.transport.texts.join()).not.toMatch(/example|passwordHash|admin/)
  })

  test('[AUTH-4] [AUTH-7] nor where it renews, nor what becomes of its object later', async () => {
    const user = { ...ANN, email: 'ann@example.org' }
    const world = new World(() => ({ user }))
    await world.handshake()
    const ann = world.runtime.open()
    ann.send({ type: 'auth', token: 'fresh', ref: 1 })
    await world.runtime.rest()
    user.name = 'Eve'
    ann.send({ type: 'join', room: 'r' })
    ann.send({ type: 'chat', content: 'hi' })
    await world.runtime.rest()
    expect(ann.frames().find(({ type }) => type === 'ack')).toMatchObject({ ref: 1 })
    expect(ann.frames().find(({ type }) => type === 'chat')).toMatchObject({ from: ANN })
    expect(ann.transport.texts.join()).not.toMatch(/example|Eve/)
  })

  test.each([
    ['an end that is text', { user: ANN, expires: '2030-01-01' }, 'expires'],
    ['an end that is NaN', { user: ANN, expires: Number.NaN }, 'expires'],
    ['an end without end', { user: ANN, expires: Number.POSITIVE_INFINITY }, 'expires'],
    ['an end that is a Date', { user: ANN, expires: new Date() }, 'expires'],
    ['no user', {}, 'user'],
    ['true', true, 'Expected an object with a user'],
    ['an id that is a number', { user: { id: 5, name: 'Ann' } }, 'user.id'],
    ['an empty id', { user: { id: '', name: 'Ann' } }, 'user.id'],
    ['no name', { user: { id: 'ann' } }, 'user.name'],
  ])('[AUTH-8] %s is a fault of the application: logged, and nobody is let in', async (_, answer, named) => {
    const world = new World(() => answer)
    expect(await world.handshake()).toEqual({ status: 500, body: 'broken' })
    expect(world.log.lines).toEqual(['error: authenticate failed'])
    expect(world.reasons.join()).toContain(`authenticate answered with a bad identity: ${named}`)
  })

  test('[AUTH-8] a bad identity does not renew', async () => {
    const world = new World((token) => (token === undefined ? { user: ANN } : { user: ANN, expires: Number.NaN }))
    await world.handshake()
    const ann = world.runtime.open()
    ann.send({ type: 'auth', token: 'fresh', ref: 1 })
    await world.runtime.rest()
    expect(ann.frames().find(({ type }) => type === 'error')).toMatchObject({ ref: 1, code: 'internal' })
    expect(world.log.lines).toContain('error: a request failed')
    ann.send({ type: 'ping' })
    await world.runtime.rest()
    expect(ann.frames().at(-1)).toEqual({ type: 'pong' })
  })

  test('[AUTH-8] what it throws is logged, and nobody is let in', async () => {
    const world = new World(() => {
      throw new Error('the database is away')
    })
    expect(await world.handshake()).toEqual({ status: 500, body: 'broken' })
    expect(world.reasons).toEqual(['Error: the database is away'])
  })

  test('[AUTH-8] what it does not answer in time is logged, and nobody is let in', async () => {
    const world = new World(() => new Promise(() => {}))
    const answer = world.handshake()
    await world.runtime.rest()
    world.runtime.loop.advance(10_000)
    expect(await answer).toEqual({ status: 500, body: 'broken' })
    expect(world.log.lines).toEqual(['error: authenticate failed'])
  })

  test('[AUTH-8] an HTTPException is an answer, not a fault', async () => {
    const world = new World(() => {
      throw new HTTPException(403, { message: 'banned' })
    })
    expect(await world.handshake()).toEqual({ status: 403, body: 'banned' })
    expect(world.log.lines).toEqual([])
  })

  test.each([undefined, null, false])('[AUTH-2] %s is nobody', async (answer) => {
    const world = new World(() => answer)
    expect(await world.handshake()).toEqual({ status: 401, body: 'Invalid token' })
    expect(world.log.lines).toEqual([])
  })

  test('[AUTH-3] an answer may come later, and be a thenable that is no Promise', async () => {
    const world = new World((token) => thenable(token === 'bad' ? undefined : { user: ANN }))
    expect(await world.handshake('/ws?token=bad')).toMatchObject({ status: 401 })
    expect(await world.handshake('/ws?token=good')).toMatchObject({ status: 200 })
    const ann = world.runtime.open()
    ann.send({ type: 'auth', token: 'bad', ref: 1 })
    ann.send({ type: 'auth', token: 'good', ref: 2 })
    await world.runtime.rest()
    expect(ann.frames().slice(1)).toMatchObject([
      { type: 'error', ref: 1, code: 'invalid_token' },
      { type: 'ack', ref: 2 },
    ])
  })
})
