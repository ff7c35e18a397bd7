/** The SDK against the built service on Node (`npm run build` first), over connections that are cut and frozen. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ConnectOptions, connect, type Missed, type Parlor, type Room } from '../../src/client/index.ts'
import { type Environment, node, type Served, start } from '../contract/fixtures.ts'
import { own } from '../contract/ground.ts'
import { fromNow, token } from '../contract/peer.ts'
import { until } from '../contract/waiting.ts'
import { type CutLine, proxy } from './proxy.ts'

const SETTINGS: Environment = { PARLOR_HISTORY_SIZE: '10000', PARLOR_DRAIN_WINDOW: '100ms' }
/** Waits are as short as chance can make them. */
const HASTY = { random: () => 0 }

interface Member {
  readonly parlor: Parlor
  readonly room: Room
  readonly heard: string[]
  readonly missed: Missed[]
}

async function through(served: () => Served): Promise<CutLine> {
  const made = await proxy(() => served().port)
  onTestFinished(() => made.close())
  return made
}

function enter(port: number, user: string, room: string, options: ConnectOptions = {}): Member {
  const parlor = connect(`ws://127.0.0.1:${port}/ws`, {
    token: () => token({ sub: user, name: user }),
    WebSocket,
    environment: HASTY,
    ...options,
  })
  onTestFinished(() => parlor.close())
  const heard: string[] = []
  const missed: Missed[] = []
  const joined = parlor.join(room, {
    onMessage: (message) => void heard.push(message.type === 'chat' ? message.content : message.name),
    onMissed: (what) => void missed.push(what),
  })
  return { parlor, room: joined, heard, missed }
}

interface Place {
  readonly content: string
  readonly offset: number
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const all = (count: number): string[] => Array.from({ length: count }, (_, i) => `n ${i}`)

describe('the SDK and a server on Node', { timeout: 60_000 }, () => {
  test('[SDK-21] [SDK-30] sockets cut mid-stream, again and again: nothing lost, nothing twice, all in order', async () => {
    const served = await own(node, SETTINGS)
    const line = await through(() => served)
    // No more than the server remembers of one user's ids (ROOM-10).
    const count = 900
    let resent = 0
    class CountingSocket extends WebSocket {
      override send(text: string): void {
        if (text.includes('"age":')) resent++
        super.send(text)
      }
    }
    const members = ['ann', 'jun', 'kim'].map((user) => ({
      user,
      ...enter(line.port, user, 'stream', { WebSocket: CountingSocket }),
    }))
    await Promise.all(members.map(({ room }) => room.ready()))

    let cuts = 0
    let isDone = false
    const write = async ({ user, room }: (typeof members)[number]): Promise<readonly Place[]> => {
      const places: Promise<Place>[] = []
      for (const text of all(count)) {
        const content = `${user} ${text}`
        places.push(room.publish(content).then(({ position }) => ({ content, offset: position.offset })))
        await sleep(1)
      }
      return await Promise.all(places)
    }
    const published = Promise.all(members.map(write))
    const cutting = (async () => {
      while (!isDone) {
        await sleep(100 + 150 * Math.random())
        if (cuts++ % 2 === 0) line.cut()
        else line.cutAfter(Math.floor(Math.random() * 500))
      }
    })()
    const places = (
      await published.finally(() => {
        isDone = true
      })
    ).flat()
    await cutting
    for (const { heard } of members) {
      await until('everything', async () => (heard.length >= places.length ? true : undefined))
    }
    await sleep(200)

    // Every publish is in the log once, as it was acknowledged, and everybody heard the log from its beginning.
    const log = [...places].sort((one, other) => one.offset - other.offset)
    expect(log.map(({ offset }) => offset)).toEqual(log.map((_, i) => i + 1))
    for (const { heard, missed } of members) {
      expect(heard).toEqual(log.map(({ content }) => content))
      expect(missed).toEqual([])
    }
    for (const { user } of members) {
      const own = log.map(({ content }) => content).filter((content) => content.startsWith(user))
      expect(own, 'in the order in which it was published').toEqual(all(count).map((text) => `${user} ${text}`))
    }
    expect(resent).toBeGreaterThan(0)
    expect(cuts).toBeGreaterThan(5)
  })

  test('[SDK-13] a network that swallows everything is noticed, and what was published into it arrives', async () => {
    const served = await own(node, { ...SETTINGS, PARLOR_HEARTBEAT_INTERVAL: '1s', PARLOR_HEARTBEAT_GRACE: '5s' })
    const line = await through(() => served)
    let wake = (): void => {}
    const onWake = (listener: () => void): (() => void) => {
      wake = listener
      return () => {}
    }
    const { room, heard, missed } = enter(line.port, 'ann', 'frozen', { environment: { ...HASTY, onWake } })
    const other = enter(served.port, 'jun', 'frozen')
    await Promise.all([room.ready(), other.room.ready()])
    await room.publish('before')
    line.freeze()
    const sent = room.publish('into the void')
    await other.room.publish('meanwhile')
    wake()
    await sent
    await until('what came meanwhile', async () => (heard.length === 3 ? true : undefined))
    expect(heard).toEqual(['before', 'meanwhile', 'into the void'])
    expect(missed).toEqual([])
    // WS-18: the frozen connection was replaced, so that the room has one of ann.
    expect(other.heard).toEqual(heard)
  })

  test('[SDK-22] a server that is killed and started anew without its log: told, and the publish that waited is there', async () => {
    let served = await start(node, SETTINGS)
    onTestFinished(() => served.stop().then(() => {}))
    const line = await through(() => served)
    const { parlor, room, heard, missed } = enter(line.port, 'ann', 'lost')
    await room.ready()
    await room.publish('one')
    await until('the message', async () => (heard.length === 1 ? true : undefined))
    await served.stop('SIGKILL')
    await until('the loss', async () => (parlor.state.kind === 'waiting' ? true : undefined))
    const waiting = room.publish('two')
    served = await start(node, SETTINGS)
    const { position } = await waiting
    expect(position.offset).toBe(1)
    expect(missed).toMatchObject([{ kind: 'not_recovered', since: { offset: 1 }, position: { offset: 0 } }])
    await until('the next message', async () => (heard.length === 2 ? true : undefined))
    expect(heard).toEqual(['one', 'two'])
  })

  test('[SDK-6] a server that stops says when to come back, and the stream goes on at the next one', async () => {
    let served = await start(node, SETTINGS)
    onTestFinished(() => served.stop().then(() => {}))
    const line = await through(() => served)
    const { parlor, room } = enter(line.port, 'ann', 'drained')
    await room.ready()
    const whys: string[] = []
    parlor.subscribe((state) => state.kind === 'waiting' && whys.push(state.why.kind))
    await served.stop('SIGTERM')
    served = await start(node, SETTINGS)
    await until('the way back', async () => (room.state.kind === 'joined' ? true : undefined))
    expect(whys[0]).toBe('draining')
  })

  test('[SDK-12] a token that runs out is renewed, and the connection lives on', async () => {
    const served = await own(node, SETTINGS)
    let count = 0
    const { parlor, room } = enter(served.port, 'ann', 'tokens', {
      // Long enough for a busy machine to renew it in time.
      token: () => token({ sub: 'ann', exp: fromNow(++count === 1 ? 6 : 3600) }),
    })
    await room.ready()
    const before = parlor.state
    await sleep(7000)
    expect(count).toBe(2)
    expect(parlor.state).toBe(before)
  })

  test('[WS-16] [ROOM-13] an address with ?room= resumes like any other, and history comes', async () => {
    const served = await own(node, SETTINGS)
    const line = await through(() => served)
    const writer = enter(served.port, 'writer', 'lobby')
    for (const text of all(3)) await writer.room.publish(text)
    const heard: string[] = []
    const missed: Missed[] = []
    const parlor = connect(`ws://127.0.0.1:${line.port}/ws?room=lobby`, {
      token: () => token({ sub: 'reader' }),
      WebSocket,
      environment: HASTY,
    })
    onTestFinished(() => parlor.close())
    const room = parlor.join('lobby', {
      history: 2,
      onMessage: (message) => void heard.push(message.type === 'chat' ? message.content : message.name),
      onMissed: (what) => void missed.push(what),
    })
    await until('the newest two', async () => heard.length === 2 || undefined)
    line.cut()
    for (const text of ['n 3', 'n 4']) await writer.room.publish(text)
    await until('what came meanwhile', async () => heard.length === 4 || undefined)
    expect(heard).toEqual(['n 1', 'n 2', 'n 3', 'n 4'])
    expect(missed).toEqual([])
    expect(room.state.kind).toBe('joined')
  })

  test('[SDK-25] history in pages, both ways, of the messages that were heard', async () => {
    const served = await own(node, SETTINGS)
    const { room } = enter(served.port, 'ann', 'pages')
    const places = await Promise.all(all(25).map((text) => room.publish(text)))
    const texts = (page: Awaited<ReturnType<Room['history']>>): string[] =>
      page.messages.map((message) => (message.type === 'chat' ? message.content : ''))
    const newest = await room.history({ limit: 10 })
    expect(texts(newest)).toEqual(all(25).slice(15))
    const [first] = newest.messages
    if (!first?.position) throw new Error('no place')
    const older = await room.history({ before: first.position, limit: 10 })
    expect(texts(older)).toEqual(all(25).slice(5, 15))
    const [tenth] = places.slice(9)
    if (!tenth) throw new Error('no place')
    expect(texts(await room.history({ after: tenth.position, limit: 3 }))).toEqual(all(25).slice(10, 13))
  })

  test('[SDK-35] too large for the server, or a room that cannot be: said, and the connection lives', async () => {
    const served = await own(node, SETTINGS)
    const { parlor, room } = enter(served.port, 'ann', 'refusals')
    await expect(room.publish('x'.repeat(70_000))).rejects.toMatchObject({ code: 'message_too_large' })
    const bad = parlor.join('no\ncontrols', { onMessage() {}, onMissed: 'ignore', onFailed() {} })
    await expect(bad.ready()).rejects.toMatchObject({ code: 'invalid_room' })
    await expect(room.event('', 1)).rejects.toMatchObject({ code: 'invalid_frame' })
    await expect(room.publish('fine')).resolves.toMatchObject({ duplicate: false })
  })

  test('[SDK-2] nobody there: no unhandled error of ws ends the process, and it is found when it comes', async () => {
    const served = await own(node, SETTINGS)
    let port = 1
    const line = await proxy(() => port)
    onTestFinished(() => line.close())
    const { parlor, room } = enter(line.port, 'ann', 'nobody')
    await sleep(300)
    expect(parlor.state.kind).not.toBe('open')
    port = served.port
    await room.ready()
    const closing = enter(line.port, 'ann', 'other')
    closing.parlor.close()
    await sleep(50)
  })
})
