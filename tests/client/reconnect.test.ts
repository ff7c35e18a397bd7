import { describe, expect, test } from 'vitest'
import { backoff } from '../../src/client/backoff.ts'
import type { ConnectionState } from '../../src/client/index.ts'
import { FakePlatform, hear } from './fake-platform.ts'

const waited = (state: ConnectionState, platform: FakePlatform): number =>
  state.kind === 'waiting' ? state.until - platform.environment.now() : Number.NaN

describe('connecting', () => {
  test('[SDK-1] both subprotocols are offered, the token and what the address had go along', async () => {
    const platform = new FakePlatform()
    platform.connect({ token: 'a b&c' }, 'https://example.test/live/ws?room=lobby#there')
    await platform.rest()
    expect(platform.socket.protocols).toEqual(['parlor.v1.batch', 'parlor.v1'])
    expect(platform.socket.url.href).toBe('wss://example.test/live/ws?room=lobby&token=a+b%26c')
  })

  test('[SDK-1] a token can go as a subprotocol, and stays out of the address', async () => {
    const platform = new FakePlatform()
    platform.connect({ token: 'x.y.z', tokenIn: 'subprotocol' })
    await platform.rest()
    expect(platform.socket.protocols).toEqual(['parlor.v1.batch', 'parlor.v1', 'bearer.x.y.z'])
    expect(platform.socket.query('token')).toBeNull()
  })

  test('[SDK-1] an address that is none, or a platform without WebSocket, is said at once', () => {
    const platform = new FakePlatform()
    expect(() => platform.connect({}, 'nowhere')).toThrow(TypeError)
    expect(() => platform.connect({}, 'ftp://example.test/')).toThrow(TypeError)
    expect(platform.listeners).toBe(0)
  })

  test('[SDK-2] it is open when the server has said welcome, not when the socket opened', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const seen: ConnectionState[] = []
    parlor.subscribe((state) => seen.push(state))
    await platform.rest()
    expect(parlor.state).toEqual({ kind: 'connecting', attempt: 1 })
    platform.socket.accept()
    expect(parlor.state.kind).toBe('connecting')
    platform.socket.welcome()
    expect(parlor.state).toEqual({ kind: 'open', connection: 'c1', user: { id: 'ann', name: 'Ann' } })
    expect(seen).toEqual([parlor.state])
    expect(parlor.state).toBe(parlor.state)
  })

  test('[SDK-2] a socket that never opens, and one that never says welcome, are given up after 10 s', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    await platform.pass(9_900)
    expect(parlor.state.kind).toBe('connecting')
    await platform.pass(200)
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'unreachable' } })
    expect(platform.sockets[0]?.closedWith).toBe(1000)
    await platform.pass(1000)
    platform.socket.accept()
    await platform.pass(10_000)
    expect(parlor.state.kind).toBe('waiting')
  })

  test('[SDK-2] a socket that the platform refuses to make is a failed attempt, not a crash', async () => {
    const platform = new FakePlatform()
    platform.isBroken = true
    const parlor = platform.connect()
    await platform.pass(5_000)
    expect(parlor.state.kind).toBe('waiting')
    platform.isBroken = false
    await platform.pass(30_000)
    expect(platform.sockets.length).toBeGreaterThan(0)
  })
})

describe('coming back', () => {
  test('[SDK-3] waits grow from half a second to half a minute, chance takes any part of them, and none is under 100 ms', () => {
    const most = Array.from({ length: 12 }, (_, i) => backoff(i + 1, 1))
    expect(most).toEqual([500, 1000, 2000, 4000, 8000, 16_000, ...Array.from({ length: 6 }, () => 30_000)])
    expect(backoff(8, 0.25)).toBe(7500)
    expect(backoff(1, 0)).toBe(100)
    expect(backoff(5000, 1)).toBe(30_000)
    expect(backoff(1, 0.5, 5000)).toBe(2500)
  })

  test('[SDK-3] the wait that the server asked for in welcome is kept', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    await platform.rest()
    platform.socket.welcome({ reconnect: { after: 2000, window: 6000 } })
    await platform.pass(11_000)
    platform.luck = 0.5
    platform.socket.end(1006)
    expect(waited(parlor.state, platform)).toBe(5000)
    await platform.pass(4900)
    expect(platform.sockets).toHaveLength(1)
    await platform.pass(200)
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-3] a server that is down for long is asked ever more rarely', async () => {
    const platform = new FakePlatform()
    platform.connect()
    const times: number[] = []
    for (let i = 0; i < 12; i++) {
      const before = platform.sockets.length
      while (platform.sockets.length === before && i > 0) await platform.pass(50)
      await platform.rest()
      times.push(platform.loop.now())
      platform.socket.fail()
    }
    const gaps = times.slice(1).map((time, i) => Math.round((time - (times[i] ?? 0)) / 500) * 500)
    expect(gaps.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 16_000])
    expect(gaps.at(-1)).toBe(30_000)
  })

  test('[SDK-4] a server that welcomes and hangs up at once does not reset the wait', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      await platform.rest()
      platform.socket.welcome()
      platform.socket.end(1011, 'internal')
      waits.push(waited(parlor.state, platform))
      await platform.pass(waits.at(-1) ?? 0)
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000])
  })

  test('[SDK-4] after a connection that held for 10 s the wait is short again, and the attempts count from one', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    for (let i = 0; i < 5; i++) {
      await platform.rest()
      platform.socket.fail()
      await platform.pass(waited(parlor.state, platform))
    }
    expect(parlor.state).toEqual({ kind: 'connecting', attempt: 6 })
    platform.socket.welcome()
    await platform.pass(10_000)
    platform.socket.end(1006)
    expect(waited(parlor.state, platform)).toBe(500)
    expect(parlor.state).toMatchObject({ kind: 'waiting', attempt: 1 })
  })

  test('[SDK-3] with the worst of luck there is still no tight loop', async () => {
    const platform = new FakePlatform()
    platform.luck = 0
    platform.connect()
    const times: number[] = []
    for (let i = 0; i < 20; i++) {
      await platform.rest()
      platform.socket.welcome()
      platform.socket.say({ type: 'drain', reconnectAfter: 0 })
      platform.socket.end(4000, 'going_away')
      times.push(platform.loop.now())
      const before = platform.sockets.length
      while (platform.sockets.length === before) await platform.pass(50)
    }
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1900)
  })

  test.each([1000, 1001, 1005, 1006, 1009, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4007, 4100, 4499])(
    '[SDK-5] after close code %i it comes back',
    async (code) => {
      const platform = new FakePlatform()
      const parlor = await platform.open()
      platform.socket.end(code, 'why')
      expect(parlor.state.kind).toBe('waiting')
      await platform.pass(1000)
      expect(platform.sockets).toHaveLength(2)
    },
  )

  test.each([
    [4500, 'bad_frames'],
    [4501, 'replaced'],
    [4777, 'refused'],
    [4999, 'refused'],
  ])('[SDK-5] after close code %i it does not, and says why: %s', async (code, why) => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, failures } = hear(parlor)
    platform.socket.end(code, 'a reason')
    expect(parlor.state).toEqual({ kind: 'closed', code, reason: 'a reason', why })
    expect(room.state).toMatchObject({ kind: 'failed', error: { code: 'closed' } })
    expect(failures).toHaveLength(1)
    await platform.wake()
    parlor.retry()
    await platform.pass(120_000)
    expect(platform.sockets).toHaveLength(1)
    expect(platform.loop.timers).toBe(0)
    expect(platform.listeners).toBe(0)
  })

  test('[SDK-7] the next connection takes the place of the last one by its session', async () => {
    const platform = new FakePlatform()
    await platform.open()
    expect(platform.socket.query('session')).toBeNull()
    await platform.reopen('session-2')
    expect(platform.socket.query('session')).toBe('session-1')
    await platform.reopen()
    expect(platform.socket.query('session')).toBe('session-2')
  })

  test('[SDK-8] what a socket that was given up still does is ignored: messages, a late 4501, a late open', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    const [old] = platform.sockets
    await platform.pass(45_000)
    expect(parlor.state.kind).toBe('connecting')
    platform.socket.welcome()
    platform.socket.joined()
    old?.say({
      type: 'chat',
      room: 'lobby',
      offset: 1,
      id: 'm1',
      from: { id: 'a', name: 'a' },
      time: 1,
      content: 'old',
    })
    old?.say({ type: 'drain', reconnectAfter: 10 })
    old?.end(4501, 'replaced')
    await platform.pass(1000)
    expect(parlor.state).toMatchObject({ kind: 'open' })
    expect(story).toEqual([])
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-8] a socket whose close never comes does not hold up the next one', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    // Nothing comes, the socket stays as if open, and close() has no effect.
    await platform.pass(41_000)
    expect(platform.sockets[0]?.readyState).toBe(2)
    expect(platform.sockets).toHaveLength(2)
    platform.socket.welcome()
    expect(parlor.state.kind).toBe('open')
  })

  test('[SDK-8] there is never more than one socket at work, whatever hurries it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(20_000)
    platform.socket.end(1006)
    parlor.retry()
    await platform.wake()
    parlor.retry()
    await platform.wake()
    await platform.pass(9000)
    expect(
      platform.sockets.filter(({ closedWith, readyState }) => readyState < 2 && closedWith === undefined),
    ).toHaveLength(1)
    platform.socket.welcome()
    await platform.pass(5000)
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-9] retry() connects at once where it would wait, and does nothing else', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    parlor.retry()
    expect(platform.sockets).toHaveLength(1)
    platform.socket.end(1006)
    parlor.retry()
    await platform.rest()
    expect(parlor.state.kind).toBe('connecting')
    expect(platform.sockets).toHaveLength(2)
    parlor.retry()
    await platform.rest()
    expect(platform.sockets).toHaveLength(2)
  })
})

describe('a server that stops', () => {
  test('[SDK-6] the next connection is made when drain said, no sooner though the old one is closed', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(15_000)
    platform.socket.say({ type: 'drain', reconnectAfter: 7000 })
    platform.socket.end(4000, 'going_away')
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'draining' } })
    await platform.wake()
    await platform.pass(6900)
    expect(platform.sockets).toHaveLength(1)
    await platform.pass(200)
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-6] and made even where the old one is never closed', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    platform.socket.joined()
    await platform.pass(15_000)
    platform.socket.say({ type: 'drain', reconnectAfter: 3000 })
    await platform.pass(2900)
    expect(parlor.state.kind).toBe('open')
    platform.socket.say({
      type: 'chat',
      room: 'lobby',
      offset: 1,
      id: 'm',
      from: { id: 'a', name: 'a' },
      time: 1,
      content: 'last words',
    })
    await platform.pass(200)
    expect(platform.sockets).toHaveLength(2)
    expect(platform.sockets[0]?.closedWith).toBe(1000)
    expect(story).toEqual(['last words'])
  })

  test('[SDK-6] nor sooner where the close frame was lost and the connection is found silent', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(15_000)
    platform.socket.say({ type: 'drain', reconnectAfter: 60_000 })
    await platform.pass(45_000)
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'draining' } })
    expect(waited(parlor.state, platform)).toBe(15_000)
    await platform.wake()
    await platform.pass(14_900)
    expect(platform.sockets).toHaveLength(1)
    await platform.pass(200)
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-6] a drain is of its connection: the next one that is lost is lost as any other', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(15_000)
    platform.socket.say({ type: 'drain', reconnectAfter: 1000 })
    await platform.pass(1100)
    platform.socket.welcome()
    platform.socket.end(1006)
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'lost', code: 1006 } })
    expect(waited(parlor.state, platform)).toBe(500)
  })

  test('[SDK-6] a wait that is absurd is cut', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(15_000)
    platform.socket.say({ type: 'drain', reconnectAfter: 1e12 })
    platform.socket.end(4000)
    expect(waited(parlor.state, platform)).toBe(300_000)
  })
})

describe('close()', () => {
  test('[SDK-10] while a token is fetched: no socket is made', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect({
      token: () => new Promise((resolve) => platform.loop.after(1000, () => resolve('late'))),
    })
    parlor.close()
    await platform.pass(60_000)
    expect(platform.sockets).toHaveLength(0)
  })

  test('[SDK-10] while connecting: the socket is closed, and its opening changes nothing', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    await platform.rest()
    const seen: ConnectionState[] = []
    parlor.subscribe((state) => seen.push(state))
    parlor.close()
    expect(seen).toEqual([{ kind: 'closed', code: 1000, reason: '', why: 'asked' }])
    expect(platform.socket.closedWith).toBe(1000)
    platform.socket.welcome()
    platform.socket.end(1006)
    await platform.pass(60_000)
    expect(parlor.state.kind).toBe('closed')
    expect(seen).toHaveLength(1)
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-10] while waiting: it does not come back, and no timer is left', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    platform.socket.end(1006)
    parlor.close()
    parlor.close()
    await platform.wake()
    await platform.pass(60_000)
    expect(platform.sockets).toHaveLength(1)
    expect(platform.loop.timers).toBe(0)
    expect(platform.listeners).toBe(0)
  })

  test('[SDK-10] while open: nothing of what still comes is heard, and rooms are left', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story, failures } = hear(parlor)
    platform.socket.joined()
    parlor.close()
    platform.socket.say({
      type: 'chat',
      room: 'lobby',
      offset: 1,
      id: 'm',
      from: { id: 'a', name: 'a' },
      time: 1,
      content: 'late',
    })
    expect(room.state).toEqual({ kind: 'left' })
    expect(story).toEqual([])
    expect(failures).toEqual([])
    expect(() => hear(parlor)).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(platform.loop.timers).toBe(0)
  })

  test('[SDK-10] from within a handler, in the middle of a frame', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const heard: string[] = []
    parlor.join('lobby', {
      onMessage(message) {
        heard.push(message.id)
        parlor.close()
      },
      onMissed: 'ignore',
    })
    platform.socket.joined()
    const message = { type: 'chat', room: 'lobby', from: { id: 'a', name: 'a' }, time: 1, content: '' }
    platform.socket.say({ ...message, offset: 1, id: 'm1' }, { ...message, offset: 2, id: 'm2' })
    expect(heard).toEqual(['m1'])
  })

  test('[SDK-10] while a refused publish and a refused join wait to be sent again', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    void room.publish('x')
    platform.socket.refuse(platform.socket.last('chat'), 'unavailable', true)
    hear(parlor, 'attic')
    platform.socket.refuse(platform.socket.last('join'), 'unavailable', true)
    parlor.close()
    expect(platform.loop.timers).toBe(0)
  })

  test('[SDK-10] from within a listener of a room: the state is told once', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    const seen: string[] = []
    parlor.subscribe(({ kind }) => seen.push(kind))
    room.subscribe(() => parlor.close())
    platform.socket.end(1006)
    await platform.pass(60_000)
    expect(seen).toEqual(['closed'])
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-10] from within a listener of the state, on the way to it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const seen: string[] = []
    parlor.subscribe(({ kind }) => {
      seen.push(`first ${kind}`)
      parlor.close()
    })
    parlor.subscribe(({ kind }) => seen.push(`second ${kind}`))
    platform.socket.end(1006)
    await platform.pass(60_000)
    expect(seen).toEqual(['first waiting', 'first closed', 'second closed'])
    expect(platform.sockets).toHaveLength(1)
  })
})

describe('the state as one value', () => {
  test('[SDK-9] subscribe needs no this, tells every change once, and can be ended', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const { subscribe } = parlor
    const seen: string[] = []
    const stop = subscribe(({ kind }) => seen.push(kind))
    await platform.rest()
    platform.socket.welcome()
    platform.socket.end(1006)
    await platform.pass(1000)
    stop()
    stop()
    platform.socket.welcome()
    expect(seen).toEqual(['open', 'waiting', 'connecting'])
  })

  test('[SDK-9] a listener that throws keeps no other from hearing', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const seen: string[] = []
    parlor.subscribe(() => {
      throw new Error('mine')
    })
    parlor.subscribe(({ kind }) => seen.push(kind))
    await platform.rest()
    platform.socket.welcome()
    expect(seen).toEqual(['open'])
    expect(platform.reported).toEqual([new Error('mine')])
  })
})
