import { describe, expect, test } from 'vitest'
import { FakePlatform } from './fake-platform.ts'

const expiring = { type: 'error', code: 'token_expiring', message: 'soon', retryable: true }

describe('tokens', () => {
  test('[SDK-11] the callback is asked before every connection, and not only when a connection failed', async () => {
    const platform = new FakePlatform()
    let count = 0
    await platform.open({ token: async () => `t${++count}` })
    expect(platform.socket.query('token')).toBe('t1')
    await platform.reopen()
    expect(platform.socket.query('token')).toBe('t2')
  })

  test('[SDK-11] a handshake refused for its token looks like a network that is down: every attempt asks for another token', async () => {
    const platform = new FakePlatform()
    let count = 0
    const parlor = platform.connect({ token: () => `t${++count}` })
    for (let i = 1; i <= 4; i++) {
      await platform.rest()
      expect(platform.socket.query('token')).toBe(`t${i}`)
      platform.socket.fail()
      expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'unreachable', code: 1006 } })
      await platform.pass(30_000 / 2 ** (5 - i))
      while (platform.sockets.length === i) await platform.pass(500)
    }
  })

  test('[SDK-11] a callback that throws or rejects: the state says so, and it is asked again, ever more rarely', async () => {
    const platform = new FakePlatform()
    const times: number[] = []
    const parlor = platform.connect({
      token() {
        times.push(platform.loop.now())
        if (times.length === 1) throw new Error('thrown')
        return Promise.reject(new Error('rejected'))
      },
    })
    await platform.rest()
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'token', error: new Error('thrown') } })
    await platform.pass(600)
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'token', error: new Error('rejected') } })
    await platform.pass(60_000)
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    expect(gaps.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 8000].map((ms) => expect.closeTo(ms, -2)))
    expect(platform.sockets).toHaveLength(0)
  })

  test('[SDK-11] a callback that never answers is given 10 s, and its late answer changes nothing', async () => {
    const platform = new FakePlatform()
    const answers: ((token: string) => void)[] = []
    const parlor = platform.connect({ token: () => new Promise((resolve) => answers.push(resolve)) })
    await platform.pass(10_100)
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'token' } })
    await platform.pass(1000)
    expect(answers).toHaveLength(2)
    answers[0]?.('late')
    await platform.rest()
    expect(platform.sockets).toHaveLength(0)
    answers[1]?.('in time')
    await platform.rest()
    expect(platform.sockets.map((socket) => socket.query('token'))).toEqual(['in time'])
  })

  test('[SDK-11] the callback may close the client: nobody is logged in any more', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect({
      token() {
        parlor.close()
        throw new Error('logged out')
      },
    })
    await platform.pass(60_000)
    expect(parlor.state).toMatchObject({ kind: 'closed', why: 'asked' })
    expect(platform.sockets).toHaveLength(0)
    expect(platform.loop.timers).toBe(0)
  })

  test('[SDK-12] when the token runs out, another is sent, and the connection lives on', async () => {
    const platform = new FakePlatform()
    let count = 0
    const parlor = await platform.open({ token: async () => `t${++count}` })
    platform.socket.say(expiring)
    await platform.rest()
    const auth = platform.socket.last('auth')
    expect(auth.token).toBe('t2')
    platform.socket.say({ type: 'ack', ref: auth.ref, expires: 1 })
    await platform.pass(1000)
    expect(parlor.state.kind).toBe('open')
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-12] a token that came after its connection ended is not sent on the next one', async () => {
    const platform = new FakePlatform()
    let answer = (_token: string): void => {}
    let count = 0
    await platform.open({
      token: () => (++count === 2 ? new Promise<string>((resolve) => (answer = resolve)) : `t${count}`),
    })
    platform.socket.say(expiring)
    await platform.rest()
    await platform.reopen()
    answer('for the old one')
    await platform.rest()
    expect(platform.socket.sent).toEqual([])
  })

  test('[SDK-12] a renewal that fails ends nothing by itself', async () => {
    const platform = new FakePlatform()
    let count = 0
    const problems: string[] = []
    const parlor = await platform.open({
      token: async () => {
        if (++count === 2) throw new Error('no token')
        return 't'
      },
      onProtocolError: (what) => problems.push(what),
    })
    platform.socket.say(expiring)
    await platform.rest()
    expect(platform.reported).toEqual([new Error('no token')])
    platform.socket.say(expiring)
    await platform.rest()
    platform.socket.refuse(platform.socket.last('auth'), 'invalid_token', false)
    expect(problems).toEqual(['no: invalid_token'])
    expect(parlor.state.kind).toBe('open')
  })

  test('[SDK-12] where the token was given as a text, nothing is sent, and its end (4100) is for good', async () => {
    const platform = new FakePlatform()
    const problems: string[] = []
    const parlor = await platform.open({ token: 'fixed', onProtocolError: (what) => problems.push(what) })
    platform.socket.say(expiring)
    await platform.rest()
    expect(platform.socket.sent).toEqual([])
    expect(problems).toEqual(['soon'])
    platform.socket.end(4100, 'token_expired')
    expect(parlor.state).toMatchObject({ kind: 'closed', code: 4100, why: 'token_expired' })
  })

  test('[SDK-12] with a callback, 4100 means a fresh token and another connection', async () => {
    const platform = new FakePlatform()
    let count = 0
    await platform.open({ token: () => `t${++count}` })
    platform.socket.end(4100, 'token_expired')
    await platform.pass(1000)
    expect(platform.sockets).toHaveLength(2)
    expect(platform.socket.query('token')).toBe('t2')
  })
})
