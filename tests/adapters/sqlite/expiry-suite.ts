import { describe, expect, test } from 'vitest'
import { chat, range } from '../adapter-ground.ts'
import type { Hosts } from './durability-suite.ts'
import type { HostProcess } from './host-process.ts'
import { BEGINNING, RemoteAdapter } from './remote-adapter.ts'

const WINDOW = 300_000

/** What becomes of what nobody needs any more. */
export function expirySuite({ start, shared, freshFile }: Hosts): void {
  const open = async (
    file: string,
    now = BEGINNING,
    host: HostProcess = shared(),
  ): Promise<{ host: HostProcess; adapter: RemoteAdapter }> => ({
    host,
    adapter: await RemoteAdapter.open(host, file, now),
  })
  const counts = async (adapter: RemoteAdapter): Promise<readonly unknown[]> => {
    const tables = ['parlor_rooms', 'parlor_publications', 'parlor_client_ids']
    const rows = await Promise.all(tables.map((table) => adapter.sql(`SELECT count(*) AS n FROM ${table}`)))
    return rows.map(([row]) => row?.['n'])
  }

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

    test('[ROOM-16] is kept, empty, for 5 minutes after the last member left, though it expired only then', async () => {
      const { adapter } = await open(freshFile())
      await adapter.subscribe('r')
      const { position = { epoch: '', offset: 0 } } = await adapter.publish('r', chat('x', { clientId: 'one' }))
      await adapter.advance(WINDOW - 1000)
      await adapter.unsubscribe('r')
      await adapter.probe()
      await adapter.advance(WINDOW - 1000)
      expect(await adapter.history('r', position, 10)).toMatchObject({ publications: [], intact: true })
      await adapter.advance(5000)
      expect([await counts(adapter), await adapter.timers()]).toEqual([[0, 0, 0], 0])
    })

    test('[ROOM-9] before a restart is deleted after it', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file, BEGINNING, start())
      await adapter.subscribe('held')
      for (const room of ['held', 'r', 'short']) await adapter.publish(room, chat('x', { clientId: 'one' }))
      await adapter.advance(WINDOW + 5000)
      await adapter.publish('later', chat('x'))
      await host.kill()
      const { adapter: second } = await open(file, BEGINNING + 2 * WINDOW)
      await second.advance(2 * WINDOW)
      expect([await counts(second), await second.timers()]).toEqual([[0, 0, 0], 0])
    })

    test('[ROOM-10] client ids go after their window, however long the log is kept', async () => {
      const { adapter } = await open(freshFile())
      await adapter.publish('long', chat('x'))
      await adapter.publish('long', chat('x', { clientId: 'one' }))
      await adapter.advance(WINDOW + 2000)
      expect(await counts(adapter)).toEqual([1, 2, 0])
      await adapter.advance(86_400_000)
      expect([await counts(adapter), await adapter.timers()]).toEqual([[0, 0, 0], 0])
    })

    test('[ROOM-4] goes, in order, though the clock was set back between two runs', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file, BEGINNING, start())
      await adapter.publish('short', chat('1', { clientId: 'one' }))
      await host.kill()
      const { adapter: second } = await open(file, BEGINNING - 10_000)
      await second.publish('short', chat('2'))
      const read = async () => (await second.history('short', { epoch: '', offset: 0 }, 10)).publications
      expect(await read()).toMatchObject([{ offset: 1 }, { offset: 2, time: BEGINNING - 10_000 }])
      await second.advance(5000)
      expect(await read()).toHaveLength(2)
      await second.advance(6000)
      expect(await read()).toEqual([])
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
}
