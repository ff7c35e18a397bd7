import { describe, expect, test } from 'vitest'
import type { RoomState } from '../../src/client/index.ts'
import { unchecked } from '../unchecked.ts'
import { FakePlatform, fate, hear, line } from './fake-platform.ts'

const at = (offset: number, epoch = 'e1'): object =>
  offset === 0 ? { epoch, offset } : { epoch, offset, id: `m${offset}` }

describe('joining', () => {
  test('[SDK-20] a room asked for before there is a connection is joined as soon as there is one', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    const { room, story } = hear(parlor, 'lobby', { history: 50 })
    const ready = fate(room.ready())
    await platform.rest()
    platform.socket.welcome()
    expect(platform.socket.sent).toEqual([{ ref: 1, type: 'join', room: 'lobby', history: 50 }])
    expect(room.state).toEqual({ kind: 'joining' })
    expect(room.position).toBeUndefined()
    platform.socket.joined(at(4))
    await platform.rest()
    expect(ready).toHaveProperty('value')
    expect(room.state).toEqual({ kind: 'joined' })
    expect(room.position).toEqual(at(4))
    expect(story).toEqual([])
  })

  test('[SDK-20] after a break every room goes on from where it stands, known from joined on', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    hear(parlor, 'quiet')
    platform.socket.joined(at(7))
    hear(parlor, 'lobby', { history: 5 })
    platform.socket.joined(at(0))
    platform.socket.say(line(1), line(2))
    await platform.reopen()
    expect(platform.socket.sent).toEqual([
      { ref: 1, type: 'join', room: 'quiet', since: at(7) },
      { ref: 2, type: 'join', room: 'lobby', since: at(2), history: 5 },
    ])
  })

  test('[SDK-20] a position that was kept elsewhere is gone on from at the first join', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story } = hear(parlor, 'lobby', { since: { epoch: 'e1', offset: 2, id: 'm2' } })
    expect(platform.socket.last('join')).toMatchObject({ since: at(2) })
    expect(room.position).toEqual(at(2))
    platform.socket.joined(at(2), true)
    platform.socket.say(line(2, 'had'), line(3, 'new'))
    expect(story).toEqual(['new'])
  })

  test('[SDK-20] a join that got no answer is asked again on the next connection, as the first one it is', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor, 'lobby', { history: 5 })
    await platform.reopen()
    expect(platform.socket.sent).toEqual([{ ref: 1, type: 'join', room: 'lobby', history: 5 }])
    platform.socket.joined(at(3))
    platform.socket.say(line(4))
    expect(story).toEqual(['line 4'])
  })

  test('[SDK-20] a connection lost between joined and the history goes on from there', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor, 'lobby', { history: 50 })
    platform.socket.joined(at(10))
    platform.socket.say(line(11))
    await platform.reopen()
    platform.socket.joined(at(11), true)
    platform.socket.say(line(12), line(13))
    expect(story).toEqual(['line 11', 'line 12', 'line 13'])
  })

  test('[SDK-23] a refusal for the time being is asked again, ever more rarely; the state says why', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, failures } = hear(parlor)
    const counts: number[] = []
    for (let i = 0; i < 5; i++) {
      platform.socket.refuse(platform.socket.last('join'), 'unavailable', true)
      expect(room.state).toMatchObject({ kind: 'joining', trouble: { code: 'unavailable' } })
      const before = platform.socket.sent.length
      const begun = platform.loop.now()
      while (platform.socket.sent.length === before) await platform.pass(100)
      counts.push(platform.loop.now() - begun)
    }
    expect(counts).toEqual([500, 1000, 2000, 4000, 8000])
    platform.socket.joined()
    expect(room.state).toEqual({ kind: 'joined' })
    expect(failures).toEqual([])
    await platform.reopen()
    platform.socket.refuse(platform.socket.last('join'), 'unavailable', true)
    await platform.pass(550)
    expect(platform.socket.sent).toHaveLength(2)
  })

  test('[SDK-23] a join that waits to be asked again is asked once on the next connection', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    hear(parlor)
    platform.socket.refuse(platform.socket.last('join'), 'unavailable', true)
    platform.socket.end(1006)
    await platform.pass(550)
    platform.socket.welcome()
    await platform.pass(5000)
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join'])
    expect(platform.sockets[0]?.sent).toHaveLength(1)
  })

  test('[SDK-23] any other refusal is for good: state, callback, promises, and no later attempt', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, failures } = hear(parlor)
    const ready = fate(room.ready())
    const published = fate(room.publish('hi'))
    platform.socket.refuse(platform.socket.last('join'), 'forbidden', false)
    await platform.rest()
    expect(room.state).toMatchObject({ kind: 'failed', error: { code: 'forbidden', outcome: 'not_done' } })
    expect(failures).toMatchObject([{ code: 'forbidden' }])
    expect(ready.error).toMatchObject({ code: 'forbidden' })
    expect(published.error).toMatchObject({ code: 'forbidden', outcome: 'not_done' })
    await platform.reopen()
    expect(platform.socket.sent).toEqual([])
    await expect(room.publish('later')).rejects.toMatchObject({ code: 'forbidden' })
    hear(parlor)
    expect(platform.socket.last('join')).toMatchObject({ room: 'lobby' })
  })

  test('[SDK-23] a failure that nobody listens to is reported', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    parlor.join('lobby', { onMessage() {}, onMissed: 'ignore' })
    platform.socket.refuse(platform.socket.last('join'), 'forbidden', false)
    expect(platform.reported).toMatchObject([{ code: 'forbidden' }])
  })

  test('[SDK-23] a server that ends the membership ends it for good', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, failures, story } = hear(parlor)
    platform.socket.joined()
    platform.socket.say({ type: 'left', room: 'lobby' }, line(1))
    expect(room.state).toMatchObject({ kind: 'failed', error: { code: 'removed' } })
    expect(failures).toHaveLength(1)
    expect(story).toEqual([])
  })

  test('[SDK-24] a room that is joined already: an error, since its handlers would not be heard', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    expect(() => hear(parlor)).toThrow(expect.objectContaining({ code: 'already_joined' }))
    room.leave()
    expect(() => hear(parlor)).not.toThrow()
  })

  test('[SDK-33] many rooms are joined a few at a time, within what the server takes', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    for (let i = 0; i < 100; i++) hear(parlor, `room-${i}`)
    await platform.rest()
    platform.socket.welcome()
    const answered = new Set<number>()
    let most = 0
    while (answered.size < 100) {
      const open = platform.socket.sent.filter(({ ref }) => !answered.has(ref))
      most = Math.max(most, open.length)
      const [first] = open
      if (!first) throw new Error('it stopped asking')
      answered.add(first.ref)
      platform.socket.say({ type: 'joined', ref: first.ref, room: first.room, position: at(0), recovered: false })
    }
    expect(most).toBe(16)
    expect(platform.socket.sent.map(({ room }) => room)).toEqual(Array.from({ length: 100 }, (_, i) => `room-${i}`))
  })
})

describe('the stream of a room', () => {
  test('[SDK-21] several messages in a frame come in order, each once, each with its place', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story, messages } = hear(parlor)
    platform.socket.joined()
    platform.socket.say(line(1), line(2), line(2, 'again'), line(1, 'late'), line(3))
    expect(story).toEqual(['line 1', 'line 2', 'line 3'])
    expect(messages[2]).toMatchObject({ type: 'chat', offset: 3, position: at(3), from: { id: 'jun', name: 'Jun' } })
    expect(room.position).toEqual(at(3))
  })

  test('[SDK-1] without the batch subprotocol a frame is one text, line feeds and all', async () => {
    const platform = new FakePlatform()
    const parlor = platform.connect()
    await platform.rest()
    platform.socket.welcome()
    platform.socket.protocol = 'parlor.v1'
    const { story } = hear(parlor)
    platform.socket.joined()
    platform.socket.text(JSON.stringify(line(1), null, 2))
    expect(story).toEqual(['line 1'])
  })

  test('[SDK-21] transient messages come where they come, and move nothing', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, messages } = hear(parlor)
    platform.socket.joined()
    const typing = {
      type: 'event',
      room: 'lobby',
      id: 't',
      from: { id: 'jun', name: 'Jun' },
      time: 1,
      name: 'typing',
      data: null,
      transient: true,
    }
    platform.socket.say(line(1), typing, typing, line(2))
    expect(messages.map(({ id }) => id)).toEqual(['m1', 't', 't', 'm2'])
    expect(messages[1]?.position).toBeUndefined()
    expect(room.position).toEqual(at(2))
  })

  test('[SDK-21] what was delivered before the break is not delivered again, should a server send it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    platform.socket.joined()
    platform.socket.say(line(1), line(2))
    await platform.reopen()
    platform.socket.joined(at(0), true)
    platform.socket.say(line(1), line(2), line(3))
    expect(story).toEqual(['line 1', 'line 2', 'line 3'])
  })

  test('[SDK-22] who leaves a handler out in plain JavaScript is told at once, and may join after that', async () => {
    const parlor = await new FakePlatform().open()
    const onMessage = (): void => {}
    const joining = (options: object) => () => parlor.join('lobby', unchecked(options))
    expect(joining({ onMissed: 'ignore' })).toThrow(new TypeError('onMessage is no function'))
    for (const onMissed of [undefined, null, false, 'ignored'])
      expect(joining({ onMessage, onMissed })).toThrow(new TypeError("onMissed is no function, nor 'ignore'"))
    expect(joining({ onMessage, onMissed: 'ignore' })).not.toThrow()
  })

  test('[SDK-1] an option that is misspelt is refused by whom it was given', async () => {
    const platform = new FakePlatform()
    expect(() => platform.connect(unchecked({ tokn: 'x' }))).toThrow(new TypeError('No option: tokn'))
    const parlor = await platform.open()
    const handlers = { onMessage() {}, onMissed: 'ignore' as const }
    const join = (options: object) => () => parlor.join('lobby', unchecked({ ...handlers, ...options }))
    expect(join({ histroy: 5 })).toThrow(new TypeError('No option: histroy'))
    expect(join({ onMissed: undefined, onMised: 'ignore' })).toThrow(new TypeError('No option: onMised'))
    const room = parlor.join('lobby', handlers)
    expect(() => room.publish('x', unchecked({ transiet: true }))).toThrow(new TypeError('No option: transiet'))
    expect(() => room.event('e', 1, unchecked({ clientId: 'x' }))).toThrow(new TypeError('No option: clientId'))
    platform.socket.joined()
    expect(platform.socket.sent.filter(({ type }) => type === 'chat' || type === 'event')).toEqual([])
  })

  test('[SDK-37] what says that it is not transient is none', async () => {
    const platform = new FakePlatform()
    const { room } = hear(await platform.open())
    platform.socket.joined()
    void room.publish('x', unchecked({ transient: false }))
    expect(platform.socket.sent.at(-1)).not.toHaveProperty('transient')
    expect(platform.socket.sent.at(-1)).toHaveProperty('id')
  })

  test('[SDK-22] a gap is told where it stands, once', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story, missed } = hear(parlor)
    platform.socket.joined()
    const gap = { type: 'gap', room: 'lobby', from: 2, to: 4, missed: 3 }
    platform.socket.say(line(1), gap, gap, line(5))
    expect(story).toEqual(['line 1', 'gap', 'line 5'])
    expect(missed).toEqual([{ kind: 'gap', from: 2, to: 4, missed: 3 }])
  })

  test('[SDK-22] an offset that jumps without a word is a gap too', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story, missed } = hear(parlor)
    platform.socket.joined(at(3))
    platform.socket.say(line(4), line(7))
    expect(story).toEqual(['line 4', 'gap', 'line 7'])
    expect(missed).toEqual([{ kind: 'gap', from: 5, to: 6, missed: 2 }])
  })

  test('[SDK-22] a reset: the stream goes on in the new log, whose offsets begin lower', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story, missed } = hear(parlor)
    platform.socket.joined(at(8))
    platform.socket.say(line(9), { type: 'reset', room: 'lobby', position: at(0, 'e2'), reason: 'lost' }, line(1))
    expect(story).toEqual(['line 9', 'reset', 'line 1'])
    expect(missed).toEqual([{ kind: 'reset', position: at(0, 'e2'), reason: 'lost' }])
    expect(room.position).toEqual(at(1, 'e2'))
  })

  test('[SDK-22] a break that could not be recovered is told before anything that follows', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story, missed } = hear(parlor)
    platform.socket.joined()
    platform.socket.say(line(1))
    await platform.reopen()
    platform.socket.joined(at(50), false)
    platform.socket.say(line(51))
    expect(story).toEqual(['line 1', 'not_recovered', 'line 51'])
    expect(missed).toEqual([{ kind: 'not_recovered', since: at(1), position: at(50) }])
  })

  test('[SDK-22] and so is one whose log is another, with lower offsets', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { story } = hear(parlor)
    platform.socket.joined()
    platform.socket.say(line(1), line(2))
    await platform.reopen()
    platform.socket.joined(at(0, 'e2'), false)
    platform.socket.say(line(1, 'of the new log'))
    expect(story).toEqual(['line 1', 'line 2', 'not_recovered', 'of the new log'])
  })

  test('[SDK-22] a first join is no miss, whatever the log holds; a break that was recovered is none either', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { missed } = hear(parlor)
    platform.socket.joined(at(12), false)
    await platform.reopen()
    platform.socket.joined(at(12), true)
    expect(missed).toEqual([])
  })

  test('[SDK-22] lost right after a gap: it goes on from before the gap, since no other place is known by its id', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    hear(parlor)
    platform.socket.joined()
    platform.socket.say(line(1), { type: 'gap', room: 'lobby', from: 2, to: 4, missed: 3 })
    await platform.reopen()
    expect(platform.socket.last('join')).toMatchObject({ since: at(1) })
  })

  test('[SDK-22] a place whose id is not known is not gone on from, and nothing is delivered twice for it', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { missed } = hear(parlor, 'lobby', { history: 20 })
    platform.socket.joined({ epoch: 'e1', offset: 5 })
    await platform.reopen()
    expect(platform.socket.sent).toEqual([{ ref: 1, type: 'join', room: 'lobby' }])
    platform.socket.joined(at(9))
    expect(missed).toMatchObject([{ kind: 'not_recovered' }])
  })

  test('[SDK-41] a handler that throws is reported, and the next message comes all the same', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const heard: string[] = []
    parlor.join('lobby', {
      onMessage({ id }) {
        heard.push(id)
        throw new Error(`at ${id}`)
      },
      onMissed() {
        throw new Error('at the gap')
      },
    })
    platform.socket.joined()
    platform.socket.say(line(1), line(3))
    expect(heard).toEqual(['m1', 'm3'])
    expect(platform.reported).toEqual([new Error('at m1'), new Error('at the gap'), new Error('at m3')])
    expect(parlor.state.kind).toBe('open')
  })

  test('[SDK-21] a handler that joins again builds on the message it is handling', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const heard: string[] = []
    const options = {
      onMessage({ id }: { readonly id: string }) {
        heard.push(id)
        if (heard.length > 1) return
        const { position } = room
        room.leave()
        parlor.join('lobby', { ...options, ...(position ? { since: position } : {}) })
      },
      onMissed: 'ignore' as const,
    }
    const room = parlor.join('lobby', options)
    platform.socket.joined()
    platform.socket.say(line(1), line(2))
    expect(platform.socket.last('join')).toMatchObject({ since: at(1) })
    expect(heard).toEqual(['m1'])
    platform.socket.joined(at(1), true)
    platform.socket.say(line(2))
    expect(heard).toEqual(['m1', 'm2'])
  })

  test('[SDK-22] a room left in onMissed gets not even the message after the gap', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story } = hear(parlor, 'lobby', { onMissed: () => room.leave() })
    platform.socket.joined()
    platform.socket.say(line(1), line(3))
    expect(story).toEqual(['line 1'])
  })
})

describe('leaving', () => {
  test('[SDK-24] nothing of the room is heard after leave(), and it is not joined again', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story } = hear(parlor)
    platform.socket.joined()
    const states: RoomState[] = []
    room.subscribe((state) => states.push(state))
    room.leave()
    room.leave()
    platform.socket.say(line(1))
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join', 'leave'])
    expect(states).toEqual([{ kind: 'left' }])
    expect(story).toEqual([])
    await platform.reopen()
    expect(platform.socket.sent).toEqual([])
    await expect(room.ready()).rejects.toMatchObject({ code: 'left' })
  })

  test('[SDK-24] while there is no connection', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    platform.socket.end(1006)
    room.leave()
    await platform.pass(1000)
    platform.socket.welcome()
    expect(platform.socket.sent).toEqual([])
  })

  test('[SDK-24] joining and leaving at once leaves: the late joined brings nothing back', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room, story } = hear(parlor)
    room.leave()
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join', 'leave'])
    platform.socket.joined()
    platform.socket.say(line(1))
    expect(room.state.kind).toBe('left')
    expect(story).toEqual([])
  })

  test('[SDK-24] leave and join again at once: the messages of the two never mix', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const first = hear(parlor)
    platform.socket.joined()
    platform.socket.say(line(1))
    first.room.leave()
    const second = hear(parlor)
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join', 'leave', 'join'])
    const leave = platform.socket.last('leave')
    platform.socket.say(line(2), { type: 'left', ref: leave.ref, room: 'lobby' })
    expect(second.room.state.kind).toBe('joining')
    platform.socket.joined(at(2))
    platform.socket.say(line(3))
    expect(first.story).toEqual(['line 1'])
    expect(second.story).toEqual(['line 3'])
  })

  test('[SDK-24] join, leave and join before any answer: the first answer is not taken for the second', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const first = hear(parlor)
    const one = platform.socket.last('join')
    first.room.leave()
    const second = hear(parlor)
    platform.socket.say(
      { type: 'joined', ref: one.ref, room: 'lobby', position: at(5), recovered: false },
      line(6, 'of the first'),
    )
    expect(second.room.state.kind).toBe('joining')
    platform.socket.joined(at(6))
    platform.socket.say(line(7))
    expect(second.story).toEqual(['line 7'])
  })

  test('[SDK-24] leaving a room twice does not leave the one that was joined meanwhile', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const first = hear(parlor)
    first.room.leave()
    const second = hear(parlor)
    first.room.leave()
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join', 'leave', 'join'])
    expect(() => hear(parlor)).toThrow()
    expect(second.room.state.kind).toBe('joining')
  })

  test('[SDK-20] the state goes from joined to joining and back over a break', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    const states: string[] = []
    const { subscribe } = room
    subscribe(({ kind }) => states.push(kind))
    platform.socket.joined()
    await platform.reopen()
    platform.socket.joined(at(0), true)
    expect(states).toEqual(['joined', 'joining', 'joined'])
  })
})

describe('history', () => {
  test('[SDK-25] a page of messages, each with its place', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    const page = fate(room.history({ before: { epoch: 'e1', offset: 9, id: 'm9' }, limit: 2 }))
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join'])
    platform.socket.joined(at(20))
    const asked = platform.socket.last('history')
    expect(asked).toMatchObject({ room: 'lobby', before: at(9), limit: 2 })
    platform.socket.say({
      type: 'history',
      ref: asked.ref,
      room: 'lobby',
      publications: [line(7), line(8)],
      position: at(6),
      intact: true,
      more: true,
    })
    await platform.rest()
    expect(page.value).toMatchObject({ position: at(6), intact: true, more: true })
    expect(page.value?.messages.map(({ position }) => position)).toEqual([at(7), at(8)])
  })

  test('[SDK-25] a request that the connection took along is asked again, without an age', async () => {
    const platform = new FakePlatform()
    const parlor = await platform.open()
    const { room } = hear(parlor)
    platform.socket.joined()
    void room.history()
    await platform.reopen()
    expect(platform.socket.sent.map(({ type }) => type)).toEqual(['join'])
    platform.socket.joined(at(0), true)
    expect(platform.socket.last('history')).toEqual({ ref: 2, type: 'history', room: 'lobby' })
  })
})
