import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamPosition } from '../../src/core/protocol.ts'
import { type Client, draws, World, type WorldOptions } from './fake-world.ts'

interface Stage {
  readonly world: World
  /** The position at each offset of the room's log, as a member saw it. */
  readonly at: readonly StreamPosition[]
}

/** A room with `count` publications, and one member that stays. */
async function withLog(count: number, options: WorldOptions = {}): Promise<Stage> {
  const world = new World(options)
  const member = world.connect({ room: 'r', ping: false })
  for (let i = 1; i <= count; i++) await world.publish('r', `${i}`)
  await world.rest()
  const epoch = member.all('joined')[0]?.position.epoch ?? ''
  const at = [{ epoch, offset: 0 }, ...member.all('chat').map(({ id, offset = 0 }) => ({ epoch, offset, id }))]
  return { world, at }
}

const position = ({ at }: Stage, offset: number): StreamPosition => at[offset] ?? { epoch: 'none', offset: 0 }

/** What a join said, and the contents that followed. */
function heard(client: Client): [boolean | undefined, ...(string | number)[]] {
  const [joined] = client.all('joined')
  return [joined?.recovered, joined?.position.offset ?? -1, ...client.all('chat').map(({ content }) => content)]
}

describe('[ROOM-13] join with since', () => {
  test.each([0, 2, 4, 5])('from %d on, whatever is later follows, and recovered is true', async (offset) => {
    const stage = await withLog(5)
    const client = stage.world.connect()
    client.join('r', { since: position(stage, offset) })
    await stage.world.publish('r', '6')
    await stage.world.rest()
    const later = ['1', '2', '3', '4', '5', '6'].slice(offset)
    expect(heard(client)).toEqual([true, offset, ...later])
  })

  test('at the floor of the log nothing is lost yet', async () => {
    const stage = await withLog(8, { logs: { size: 5 } })
    const client = stage.world.connect()
    client.join('r', { since: position(stage, 3) })
    await stage.world.rest()
    expect(heard(client)).toEqual([true, 3, '4', '5', '6', '7', '8'])
  })

  test('just beyond it something is: recovered is false, and the position is the head', async () => {
    const stage = await withLog(8, { logs: { size: 5 } })
    const client = stage.world.connect()
    client.join('r', { since: position(stage, 2) })
    await stage.world.publish('r', '9')
    await stage.world.rest()
    expect(heard(client)).toEqual([false, 8, '9'])
  })

  test('together with history: where it is not recovered, the newest come instead', async () => {
    const stage = await withLog(8, { logs: { size: 5 } })
    const client = stage.world.connect()
    client.join('r', { since: position(stage, 2), history: 2 })
    await stage.world.rest()
    expect(heard(client)).toEqual([false, 6, '7', '8'])
    const other = stage.world.connect()
    other.join('r', { since: position(stage, 4), history: 2 })
    await stage.world.rest()
    expect(heard(other)).toEqual([true, 4, '5', '6', '7', '8'])
  })

  test.each<[string, (held: StreamPosition) => StreamPosition]>([
    ['another id', (held) => ({ ...held, id: 'other' })],
    ['another epoch', (held) => ({ ...held, epoch: 'other' })],
    ['an offset beyond the head', (held) => ({ ...held, offset: 99 })],
  ])('%s is never recovered', async (_, changed) => {
    const stage = await withLog(5)
    const client = stage.world.connect()
    client.join('r', { since: changed(position(stage, 3)) })
    await stage.world.rest()
    expect(heard(client)).toEqual([false, 5])
  })

  test('the floor is compared by its id, too', async () => {
    const stage = await withLog(8, { logs: { size: 5 } })
    const client = stage.world.connect()
    client.join('r', { since: { ...position(stage, 3), id: 'other' } })
    await stage.world.rest()
    expect(heard(client)).toEqual([false, 8])
  })

  test('who was caught up can prove it though the log has expired', async () => {
    const stage = await withLog(5)
    stage.world.loop.advance(400_000)
    const [client, older] = [stage.world.connect(), stage.world.connect()]
    client.join('r', { since: position(stage, 5) })
    older.join('r', { since: position(stage, 4) })
    await stage.world.rest()
    expect(heard(client)).toEqual([true, 5])
    expect(heard(older)).toEqual([false, 5])
  })

  test('what the hub has not is asked of the adapter', async () => {
    const stage = await withLog(30, { logs: { size: 4 }, engineLogs: { size: 25 } })
    const [client, older] = [stage.world.connect(), stage.world.connect()]
    client.join('r', { since: position(stage, 5) })
    older.join('r', { since: position(stage, 4) })
    await stage.world.rest()
    expect(heard(client)).toEqual([true, 5, ...Array.from({ length: 25 }, (_, i) => `${i + 6}`)])
    expect(heard(older)).toEqual([false, 30])
  })

  test('a hub that missed announcements looks before it says no', async () => {
    const stage = await withLog(3)
    const { world } = stage
    world.adapter.carry = () => {}
    await world.publish('r', '4')
    const { position: fourth } = await world.publish('r', '4b')
    const since = fourth ?? position(stage, 0)
    await world.publish('r', '6')
    world.adapter.carry = (announce) => announce()
    const client = world.connect()
    client.join('r', { since })
    await world.rest()
    expect(heard(client)).toEqual([true, 5, '6'])
  })

  test('the first in the room resumes as well: the log outlives its members', async () => {
    const world = new World()
    const first = world.connect({ room: 'r' })
    await world.publish('r', '1')
    await world.rest()
    const { epoch = '' } = first.all('joined')[0]?.position ?? {}
    const [one] = first.all('chat')
    first.die()
    await world.publish('r', '2')
    await world.rest()
    expect(world.hub.rooms.size).toBe(0)
    const client = world.connect()
    client.join('r', { since: { epoch, offset: 1, id: one?.id } })
    await world.rest()
    expect(heard(client)).toEqual([true, 1, '2'])
  })

  test('an adapter that can not be read fails the join with unavailable, and no more', async () => {
    const stage = await withLog(30, { logs: { size: 4 }, engineLogs: { size: 25 } })
    const { world } = stage
    const client = world.connect()
    world.adapter.fails = (call) => (call === 'history' ? new Error('down') : undefined)
    client.join('r', { since: position(stage, 6), ref: 1 })
    client.join('r', { since: position(stage, 28), ref: 2 })
    await world.rest()
    expect(client.all('error')).toMatchObject([{ ref: 1, code: 'unavailable', retryable: true }])
    expect(client.all('joined')).toMatchObject([{ ref: 2, recovered: true }])
  })

  test('[WS-3] a position without its id is no position, but at 0', async () => {
    const { world, at } = await withLog(2)
    const client = world.connect()
    const epoch = at[0]?.epoch
    client.join('r', { since: { epoch, offset: 1 }, ref: 1 })
    client.join('r', { since: { epoch, offset: 0 }, ref: 2 })
    await world.rest()
    expect(client.all('error')).toMatchObject([{ ref: 1, code: 'invalid_frame', path: 'since.id' }])
    expect(client.all('joined')).toMatchObject([{ ref: 2, recovered: true }])
  })
})

const act = fc.constantFrom('publish', 'turn', 'release', 'burst')

/** One client that joins with the position at `held`, while publications come and answers are late. */
class Resumption {
  readonly #stage: Stage
  readonly #client: Client
  #last: number

  constructor(stage: Stage, held: number, isDelayed: boolean) {
    this.#stage = stage
    this.#last = stage.at.length - 1
    if (isDelayed) stage.world.adapter.delays = (call) => call === 'history'
    this.#client = stage.world.connect()
    this.#client.join('r', { since: position(stage, held) })
  }

  async apply(what: 'publish' | 'turn' | 'release' | 'burst'): Promise<void> {
    const { world } = this.#stage
    if (what === 'turn') world.loop.turn()
    else if (what === 'release') world.adapter.release()
    else for (let i = 0; i < (what === 'burst' ? 12 : 1); i++) await world.publish('r', `${++this.#last}`)
  }

  async end(): Promise<void> {
    const { world } = this.#stage
    world.adapter.delays = () => false
    for (let i = 0; i < 5; i++) {
      world.adapter.release()
      await world.rest()
    }
  }

  /** Follows the stream from `joined` on; answers what the join said and whether the stream came to the head. */
  check(): { recovered: boolean | undefined; isComplete: boolean } {
    const [joined] = this.#client.all('joined')
    let at = joined?.position.offset ?? -1
    for (const frame of this.#client.take()) {
      if (frame.type === 'gap') {
        expect(frame.from).toBe(at + 1)
        at = frame.to
      } else if (frame.type === 'chat') {
        expect([frame.offset, frame.content]).toEqual([at + 1, `${at + 1}`])
        at++
      }
    }
    return { recovered: joined?.recovered, isComplete: at === this.#last }
  }
}

test('[ROOM-13] no hole and no twin at the seam, wherever the client was, however many come meanwhile', async () => {
  const acts = fc.array(act, { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(fc.nat(40), fc.nat(40), acts, fc.boolean(), async (count, wish, drawn, isDelayed) => {
      const held = Math.min(wish, count)
      const run = new Resumption(
        await withLog(count, { logs: { size: 10 }, engineLogs: { size: 20 } }),
        held,
        isDelayed,
      )
      for (const each of drawn) await run.apply(each)
      await run.end()
      expect(run.check()).toEqual({ recovered: held >= count - 20, isComplete: true })
    }),
    draws(150),
  )
})
