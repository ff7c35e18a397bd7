import { describe, expect, test } from 'vitest'
import type { Published } from '../../../src/core/broadcast-adapter.ts'
import { chat, Heard, range } from '../adapter-ground.ts'
import { FIRST, firstSchema } from '../first-schema.ts'
import type { HostProcess } from './host-process.ts'
import { BEGINNING, RemoteAdapter } from './remote-adapter.ts'

export interface Hosts {
  /** A process of the test's own. It ends with the test. */
  start(): HostProcess
  /** The one that all tests share which kill none. */
  shared(): HostProcess
  freshFile(): string
}

const WINDOW = 300_000

/** What outlives the process. */
export function durabilitySuite({ start, freshFile }: Hosts): void {
  const open = async (
    file: string,
    now = BEGINNING,
    ahead = 0,
  ): Promise<{ host: HostProcess; adapter: RemoteAdapter }> => {
    const host = start()
    return { host, adapter: await RemoteAdapter.open(host, file, now, ahead) }
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
  describe('a restart', () => {
    test('[ROOM-11] [ROOM-16] after kill -9 every acknowledged publish is there once, at its position, and a retry is a duplicate', async () => {
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

    test('[ROOM-13] [ROOM-16] positions from before verify after it, and the log goes on', async () => {
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

    test('[ROOM-13] [ROOM-16] who was caught up has some minutes to come back, though the log has expired meanwhile', async () => {
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

    test('[ROOM-10] [ROOM-16] what is remembered of client ids outlives it, as long and no longer', async () => {
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

    test('[ROOM-10] [ROOM-16] a retry after it is a duplicate, and the log is there, though the machine had slept before, or its clock was set', async () => {
      const file = freshFile()
      const { host, adapter } = await open(file, BEGINNING - 2 * WINDOW, 2 * WINDOW)
      const first = await adapter.publish('r', chat('x', { clientId: 'one' }))
      await host.kill()
      const { adapter: second } = await open(file, BEGINNING + 2000)
      expect(await second.publish('r', chat('x', { clientId: 'one', age: 2000 }))).toEqual({
        ...first,
        duplicate: true,
      })
      expect((await second.history('r', { epoch: '', offset: 0 }, 10)).publications).toHaveLength(1)
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

  test('[ROOM-16] with a newer Parlor: a file of the first schema goes on as it was', async () => {
    const file = freshFile()
    const { adapter: old } = await open(file)
    for (const statement of firstSchema(BEGINNING)) await old.sql(statement)
    await old.close()
    const { adapter } = await open(file)
    const { room, epoch, head, floor, clientId } = FIRST
    expect(await adapter.subscribe(room)).toEqual({ epoch, offset: head, id: `id-${head}` })
    const page = await adapter.history(room, { epoch, offset: floor, id: `id-${floor}` }, 100)
    expect(page.intact).toBe(true)
    expect(page.publications.map(({ offset }) => offset)).toEqual(range(floor + 1, head))
    const again = await adapter.publish(room, chat(`said ${head}`, { clientId, age: 1 }))
    expect(again).toMatchObject({ duplicate: true, position: { offset: head } })
    for (const offset of range(head + 1, head + 20)) {
      expect(await adapter.publish(room, chat('x'))).toMatchObject({ position: { epoch, offset } })
      const kept = await adapter.history(room, { epoch, offset: offset - 5 }, 100)
      expect([kept.intact, kept.publications.length]).toEqual([true, 5])
      expect((await adapter.history(room, { epoch, offset: offset - 6 }, 100)).intact).toBe(false)
    }
  })
}
