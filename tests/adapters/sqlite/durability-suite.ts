import { describe, expect, test } from 'vitest'
import type { Published } from '../../../src/core/broadcast-adapter.ts'
import { chat, Heard, range } from '../adapter-ground.ts'
import type { HostProcess } from './host-process.ts'
import { BEGINNING, RemoteAdapter } from './remote-adapter.ts'

export interface Hosts {
  /** A process of the test's own. It ends with the test. */
  start(): HostProcess
  freshFile(): string
}

const WINDOW = 300_000

/** What outlives the process. */
export function durabilitySuite({ start, freshFile }: Hosts): void {
  const open = async (file: string, now = BEGINNING): Promise<{ host: HostProcess; adapter: RemoteAdapter }> => {
    const host = start()
    return { host, adapter: await RemoteAdapter.open(host, file, now) }
  }
  /** Eight publishers at once, each after its last ack, until `acks` have come and the process is killed amid the next ones. */
  async function publishUntilKilled(
    host: HostProcess,
    adapter: RemoteAdapter,
    name: string,
    acks: number,
    acked: Map<string, Published>,
  ): Promise<void> {
    const before = acked.size
    let dead: Promise<void> | undefined
    let sent = 0
    const publishers = range(1, 8).map(async () => {
      for (;;) {
        const clientId = `${name}, ${++sent}`
        acked.set(clientId, await adapter.publish('many', chat(clientId, { clientId })))
        if (acked.size - before >= acks) dead ??= host.kill()
      }
    })
    expect(await Promise.allSettled(publishers)).toMatchObject(range(1, 8).map(() => ({ status: 'rejected' })))
    await dead
  }
  const counts = async (adapter: RemoteAdapter): Promise<readonly unknown[]> => {
    const tables = ['parlor_rooms', 'parlor_publications', 'parlor_client_ids']
    const rows = await Promise.all(tables.map((table) => adapter.sql(`SELECT count(*) AS n FROM ${table}`)))
    return rows.map(([row]) => row?.['n'])
  }

  describe('a restart', () => {
    test('[ROOM-11] after kill -9 every acknowledged publish is there once, at its position, and a retry is a duplicate', async () => {
      const file = freshFile()
      const acked = new Map<string, Published>()
      let now = BEGINNING
      for (let life = 0; life < 4; life++) {
        const { host, adapter } = await open(file, now)
        await publishUntilKilled(host, adapter, `life ${life}`, 40 + life * 37, acked)
        now += 1000
      }
      expect(acked.size).toBeGreaterThan(300)

      const { adapter } = await open(file, now)
      for (const [clientId, { position }] of acked) {
        expect(await adapter.publish('many', chat(clientId, { clientId, age: 5000 }))).toEqual({
          position,
          duplicate: true,
        })
      }
      const positions = [...acked.values()].map(({ position }) => position?.offset ?? 0)
      expect(new Set(positions).size).toBe(acked.size)
      const newest = await adapter.history('many', { epoch: '', offset: 0 }, 1000)
      const byOffset = new Map(newest.publications.map((publication) => [publication.offset, publication]))
      expect([...byOffset.keys()]).toEqual(range(newest.start.offset + 1, newest.head.offset))
      for (const [clientId, { position }] of acked) {
        if ((position?.offset ?? 0) <= newest.start.offset) continue
        expect(byOffset.get(position?.offset)).toMatchObject({
          id: position?.id,
          clientId,
          body: { content: clientId },
        })
      }
    })

    test('[ROOM-13] positions from before verify after it, and the log goes on', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file)
      const empty = await adapter.subscribe('empty')
      await adapter.subscribe('r')
      const positions = []
      for (const i of range(1, 3)) positions.push((await adapter.publish('r', chat(`${i}`))).position)
      await host.kill()

      const second = await open(file, BEGINNING + 1000)
      const [first, , head] = positions
      if (!first || !head) throw new Error('no positions')
      expect(await second.adapter.subscribe('r')).toEqual(head)
      expect(await second.adapter.history('r', head, 10)).toMatchObject({ intact: true, publications: [] })
      const page = await second.adapter.history('r', first, 10)
      expect(page).toMatchObject({ intact: true, publications: [{ offset: 2 }, { offset: 3 }] })
      expect((await second.adapter.publish('r', chat('4'))).position).toMatchObject({ epoch: head.epoch, offset: 4 })
      expect((await second.adapter.history('empty', empty, 10)).intact).toBe(true)
      expect((await second.adapter.history('r', { ...head, id: 'other' }, 10)).intact).toBe(false)
    })

    test('[ROOM-13] who was caught up has some minutes to come back, though the log has expired meanwhile', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file)
      await adapter.subscribe('short')
      const { position } = await adapter.publish('short', chat('x'))
      if (!position) throw new Error('no position')
      await host.kill()
      const { adapter: second } = await open(file, BEGINNING + 600_000)
      await second.advance(200_000)
      expect(await second.history('short', position, 10)).toMatchObject({ intact: true, publications: [] })
      expect(await second.subscribe('short')).toEqual(position)
      await second.advance(600_000)
      expect(await second.subscribe('short')).toEqual(position)
    })

    test('[ROOM-10] what is remembered of client ids outlives it, as long and no longer', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file)
      const first = await adapter.publish('r', chat('x', { clientId: 'one' }))
      await host.kill()
      const { host: host2, adapter: second } = await open(file, BEGINNING + WINDOW - 10)
      expect(await second.publish('r', chat('x', { clientId: 'one', age: WINDOW - 10 }))).toEqual({
        ...first,
        duplicate: true,
      })
      await expect(second.publish('r', chat('y', { clientId: 'one' }))).rejects.toMatchObject({ code: 'id_reused' })
      await host2.kill()
      const { adapter: third } = await open(file, BEGINNING + WINDOW)
      await expect(third.publish('r', chat('x', { clientId: 'one', age: WINDOW }))).rejects.toMatchObject({
        code: 'outcome_unknown',
      })
    })

    test('[ROOM-2] ids of publications are unique over all runs', async () => {
      const file = freshFile()
      const ids: (string | undefined)[] = []
      for (let life = 0; life < 3; life++) {
        const { host, adapter } = await open(file)
        for (let i = 0; i < 5; i++) ids.push((await adapter.publish('r', chat('x'))).position?.id)
        await host.kill()
      }
      expect(new Set(ids).size).toBe(15)
    })
  })

  describe('what has expired', () => {
    test('[ROOM-9] is deleted, and a room that nobody is in is forgotten: no rows, no timer', async () => {
      const { adapter } = await open(freshFile())
      for (const i of range(1, 30)) await adapter.publish(`r${i}`, chat('x', { clientId: `${i}` }))
      await adapter.subscribe('held')
      await adapter.publish('held', chat('x', { clientId: 'one' }))
      expect(await adapter.timers()).toBe(1)
      await adapter.advance(WINDOW - 10)
      expect(await counts(adapter)).toEqual([31, 31, 31])
      await adapter.advance(5000)
      expect(await counts(adapter)).toEqual([1, 0, 0])
      expect(await adapter.timers()).toBe(0)
      await adapter.unsubscribe('held')
      await adapter.probe()
      expect(await adapter.timers()).toBe(1)
      await adapter.advance(WINDOW + 5000)
      expect([await counts(adapter), await adapter.timers()]).toEqual([[0, 0, 0], 0])
    })

    test('[ROOM-9] before a restart is deleted after it', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file)
      await adapter.subscribe('held')
      for (const room of ['held', 'r', 'short']) await adapter.publish(room, chat('x', { clientId: 'one' }))
      await adapter.advance(WINDOW + 5000)
      await adapter.publish('later', chat('x'))
      await host.kill()
      const { adapter: second } = await open(file, BEGINNING + 2 * WINDOW)
      await second.advance(2 * WINDOW)
      expect([await counts(second), await second.timers()]).toEqual([[0, 0, 0], 0])
    })

    test('[ROOM-9] goes in steps, however much it is', async () => {
      const { adapter } = await open(freshFile())
      for (const n of range(1, 5)) {
        const from = { id: `publisher ${n}`, name: 'P' }
        await Promise.all(
          range(1, 600).map((i) => adapter.publish(`short${i % 60}`, chat('x', { from, clientId: `${i}` }))),
        )
      }
      await adapter.publish('few', chat('x', { clientId: 'one' }))
      await Promise.all(range(1, 2500).map((i) => adapter.publish('big', chat(`${i}`, { clientId: `${i}` }))))
      await adapter.advance(WINDOW + 2000)
      for (let i = 0; i < 20 && (await adapter.timers()) > 0; i++) await adapter.advance(1)
      expect([await counts(adapter), await adapter.timers()]).toEqual([[0, 0, 0], 0])
    })

    test('[ROOM-2] an epoch never names another log of the room', async () => {
      const { adapter } = await open(freshFile())
      const empty = await adapter.subscribe('r')
      const first = (await adapter.publish('r', chat('x'))).position
      expect(first?.epoch).toBe(empty.epoch)
      await adapter.unsubscribe('r')
      await adapter.advance(WINDOW + 5000)
      expect((await adapter.history('r', empty, 10)).intact).toBe(false)
      const second = (await adapter.publish('r', chat('x'))).position
      expect(second).toMatchObject({ offset: 1 })
      expect(second?.epoch).not.toBe(first?.epoch)
    })

    test('[ROOM-2] a room that somebody is in keeps its epoch, published to or not, whatever is forgotten beside it', async () => {
      const { adapter } = await open(freshFile())
      const empty = await adapter.subscribe('empty')
      await adapter.publish('other', chat('x'))
      await adapter.advance(WINDOW + 5000)
      expect(await counts(adapter)).toEqual([0, 0, 0])
      expect(await adapter.subscribe('empty')).toEqual(empty)
      expect((await adapter.publish('empty', chat('x'))).position).toMatchObject({ epoch: empty.epoch, offset: 1 })
    })

    test('[ROOM-4] evicted rows are deleted while the log goes on', async () => {
      const { adapter } = await open(freshFile())
      await Promise.all(range(1, 1000).map((i) => adapter.publish('few', chat(`${i}`))))
      const [small] = await adapter.sql('SELECT count(*) AS n FROM parlor_publications')
      expect(small?.['n']).toBeLessThanOrEqual(70)
      for (let i = 0; i < 50; i++) await adapter.publish('small', chat('x'.repeat(5000)))
      const [large] = await adapter.sql(`SELECT count(*) AS n FROM parlor_publications WHERE length(record) > 5000`)
      expect(large?.['n']).toBeLessThanOrEqual(2)
    })
  })

  test('[ROOM-1] what one turn publishes is delivered together, in order, after it was committed', async () => {
    const { adapter } = await open(freshFile())
    const heard = new Heard()
    const sizes: number[] = []
    await adapter.start({
      deliver: (room, epoch, publications) => {
        sizes.push(publications.length)
        heard.deliver(room, epoch, publications)
      },
      restored: () => {},
    })
    await adapter.subscribe('r')
    await adapter.bench('r', 60, 30, 1)
    expect(sizes).toEqual([30, 30])
    expect(heard.offsets('r')).toEqual(range(1, 60))
  })
}
