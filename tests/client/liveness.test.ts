import { describe, expect, test } from 'vitest'
import { FakePlatform, hear, line } from './fake-platform.ts'

describe('a connection that is dead', () => {
  test('[SDK-13] after a heartbeat it is pinged, by exactly {"type":"ping"}, and given up 10 s later', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(29_900)
    expect(platform.socket.pings).toBe(0)
    await platform.pass(200)
    expect(platform.socket.texts).toEqual(['{"type":"ping"}'])
    await platform.pass(9_800)
    expect(parlor.state.kind).toBe('open')
    await platform.pass(200)
    expect(parlor.state).toMatchObject({ kind: 'waiting', why: { kind: 'silent' } })
  })

  test('[SDK-13] the heartbeat is the one that welcome named', async () => {
    const platform = new FakePlatform()
    platform.connect()
    await platform.rest()
    platform.socket.welcome({ heartbeat: 2000 })
    await platform.pass(2100)
    expect(platform.socket.pings).toBe(1)
  })

  test('[SDK-13] whatever comes counts as life, a pong too, and one that talks is pinged as often as one that is silent', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    for (let i = 1; i <= 26; i++) {
      await platform.pass(7000)
      platform.socket.say(line(i))
    }
    expect(platform.socket.pings).toBe(6)
    for (let i = 7; i <= 9; i++) {
      await platform.pass(30_100)
      expect(platform.socket.pings).toBe(i)
      platform.socket.say({ type: 'pong' })
    }
    expect(room.state.kind).toBe('joined')
    expect(platform.sockets).toHaveLength(1)
  })

  test('[WS-19] what the server asks to have seen is sent back as it came, after what came before it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    platform.socket.joined()
    const before = platform.socket.texts.length
    platform.socket.say(line(1), { type: 'seen', upTo: 70_000, later: 'field' }, line(2))
    expect(story).toHaveLength(2)
    expect(platform.socket.texts.slice(before)).toEqual(['{"type":"seen","upTo":70000,"later":"field"}'])
  })

  test('[SDK-13] a ping of an old connection is not held against the next one', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(31_000)
    expect(platform.socket.pings).toBe(1)
    await platform.reopen()
    await platform.pass(29_000)
    expect(platform.socket.pings).toBe(0)
    expect(parlor.state.kind).toBe('open')
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-14] when the network changed it is asked at once, and given up after 4 s', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.wake()
    expect(platform.socket.pings).toBe(1)
    await platform.pass(3900)
    expect(parlor.state.kind).toBe('open')
    await platform.pass(200)
    expect(parlor.state.kind).toBe('waiting')
  })

  test('[SDK-14] many such events are one question, and do not put off its end', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    for (let i = 0; i < 8; i++) {
      await platform.wake()
      await platform.pass(500)
    }
    expect(platform.socket.pings).toBe(1)
    expect(parlor.state.kind).toBe('waiting')
  })

  test('[SDK-14] an answer settles it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.wake()
    await platform.pass(2000)
    platform.socket.say({ type: 'pong' })
    await platform.pass(20_000)
    expect(parlor.state.kind).toBe('open')
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-14] while it waits for the next attempt, such an event makes it at once', async () => {
    const platform = new FakePlatform()
    platform.connect()
    for (let i = 0; i < 7; i++) {
      await platform.rest()
      const before = platform.sockets.length
      platform.socket.fail()
      if (i < 6) while (platform.sockets.length === before) await platform.pass(500)
    }
    await platform.pass(5000)
    const before = platform.sockets.length
    await platform.wake()
    expect(platform.sockets).toHaveLength(before + 1)
    await platform.pass(5000)
    expect(platform.sockets).toHaveLength(before + 1)
  })

  test('[SDK-14] a network that comes and goes makes at most one attempt a second', async () => {
    const platform = new FakePlatform()
    platform.connect()
    await platform.rest()
    platform.socket.fail()
    const before = platform.sockets.length
    for (let i = 0; i < 100; i++) {
      await platform.wake()
      if (platform.socket.readyState < 2) platform.socket.fail()
      await platform.pass(100)
    }
    expect(platform.sockets.length - before).toBeLessThanOrEqual(11)
    expect(platform.sockets.length - before).toBeGreaterThanOrEqual(9)
  })
})

describe('sleep, and pages that are hidden', () => {
  test('[SDK-14] a timer that fires far too late says that the machine slept: the connection is asked at once', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(1000)
    await platform.sleep(3_600_000)
    expect(platform.socket.pings).toBe(1)
    await platform.pass(4100)
    expect(parlor.state.kind).toBe('waiting')
    await platform.pass(600)
    expect(platform.sockets).toHaveLength(2)
  })

  test('[SDK-15] a late timer proves nothing: what came during the sleep is read after it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    platform.socket.joined()
    await platform.pass(30_100)
    expect(platform.socket.pings).toBe(1)
    // The pong is there, but the timer of the ping is run first.
    await platform.sleep(600_000)
    expect(parlor.state.kind).toBe('open')
    platform.socket.say({ type: 'pong' }, line(1))
    await platform.pass(20_000)
    expect(parlor.state.kind).toBe('open')
    expect(platform.sockets).toHaveLength(1)
    expect(story).toEqual(['line 1'])
  })

  test('[SDK-15] nor does one that is late while the connection is in doubt already', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.wake()
    await platform.sleep(600_000)
    expect(parlor.state.kind).toBe('open')
    platform.socket.say({ type: 'pong' })
    await platform.pass(20_000)
    expect(parlor.state.kind).toBe('open')
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-15] where timers are always late, a dead connection is still found', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    // A hidden page: a timer runs once a minute.
    for (let minute = 0; minute < 5 && parlor.state.kind === 'open'; minute++) await platform.sleep(60_000)
    expect(parlor.state.kind).not.toBe('open')
  })

  test('[SDK-15] and a living one is kept', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    for (let minute = 0; minute < 60; minute++) {
      await platform.sleep(60_000)
      platform.socket.say({ type: 'pong' })
    }
    expect(parlor.state.kind).toBe('open')
    expect(platform.sockets).toHaveLength(1)
  })

  test('[SDK-14] a clock that is set back keeps no dead connection alive', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    await platform.pass(5000)
    platform.turnBack(86_400_000)
    await platform.pass(36_000)
    expect(parlor.state.kind).not.toBe('open')
  })

  test('[SDK-14] a wait that ends during a sleep is one attempt after it', async () => {
    const platform = new FakePlatform()
    await platform.open()
    platform.socket.end(1006)
    await platform.sleep(3_600_000)
    await platform.rest()
    expect(platform.sockets).toHaveLength(2)
    await platform.wake()
    await platform.pass(3000)
    expect(platform.sockets).toHaveLength(2)
  })
})
