import { expect, test } from 'vitest'
import type { HistoryPage } from '../../src/core/broadcast-adapter.ts'
import type { StreamPosition } from '../../src/core/protocol.ts'
import { type AdapterGround, chat, range } from './adapter-ground.ts'

/** More than expiring is coarse in any adapter, in ms. */
const SLACK = 500

const offsets = ({ publications }: HistoryPage): (number | undefined)[] => publications.map(({ offset }) => offset)

/** Reading the log, and what bounds it. */
export function historySuite(ground: () => AdapterGround): void {
  const publish = async (room: string, count: number, content = 'x'): Promise<StreamPosition[]> => {
    const positions: StreamPosition[] = []
    for (let i = 0; i < count; i++) {
      const { position } = await ground().adapter.publish(room, chat(content))
      if (position) positions.push(position)
    }
    return positions
  }
  const read = async (room: string, start: StreamPosition, limit = 1000): Promise<HistoryPage> =>
    await ground().adapter.history(room, start, limit)

  test('[ROOM-8] a page holds what was delivered, from its start to the limit', async () => {
    const { epoch } = await ground().adapter.subscribe('r')
    const positions = await publish('r', 10)
    const delivered = await ground().heard.until('r', 10)
    const first = await read('r', { epoch, offset: 0 }, 4)
    expect(first).toEqual({
      publications: delivered.slice(0, 4),
      start: { epoch, offset: 0 },
      head: positions[9],
      intact: true,
    })
    const [, , , fourth] = positions
    if (!fourth) throw new Error('no fourth position')
    const rest = await read('r', fourth)
    expect(rest).toEqual({ publications: delivered.slice(4), start: fourth, head: positions[9], intact: true })
    expect(offsets(await read('r', fourth, 1))).toEqual([5])
    expect(offsets(await read('r', fourth, 0))).toEqual([])
  })

  test('[ROOM-8] a start without an id is not compared, and answered with its id', async () => {
    const [, second] = await publish('r', 3)
    const page = await read('r', { epoch: second?.epoch ?? '', offset: 2 })
    expect(page).toMatchObject({ start: second, intact: true })
    expect(offsets(page)).toEqual([3])
  })

  test('[ROOM-2] the head is a start: intact and empty', async () => {
    const head = (await publish('r', 3)).at(-1)
    if (!head) throw new Error('no head')
    expect(await read('r', head)).toEqual({ publications: [], start: head, head, intact: true })
  })

  test('[ROOM-2] another id at that offset, another epoch and an offset beyond the head are not intact', async () => {
    const [first] = await publish('r', 3)
    const epoch = first?.epoch ?? ''
    expect((await read('r', { epoch, offset: 1, id: 'other' })).intact).toBe(false)
    expect((await read('r', { epoch: 'other', offset: 1, id: first?.id })).intact).toBe(false)
    expect((await read('r', { epoch: 'other', offset: 0 })).intact).toBe(false)
    const beyond = await read('r', { epoch, offset: 4 })
    expect(beyond.intact).toBe(false)
    expect(beyond.start.offset).toBeLessThanOrEqual(3)
    expect(offsets(beyond)).toEqual(range(beyond.start.offset + 1, 3))
  })

  test('[ROOM-12] what is not of this log is answered from the floor, so that all of it can be read', async () => {
    const positions = await publish('few', 12)
    const epoch = positions[0]?.epoch ?? ''
    const floor = positions[6]
    for (const start of [
      { epoch, offset: 10, id: 'other' },
      { epoch: 'other', offset: 10, id: positions[9]?.id },
      { epoch, offset: 99, id: 'other' },
      { epoch: '', offset: 0 },
    ]) {
      const page = await read('few', start)
      expect(page).toMatchObject({ start: floor, intact: false, head: positions[11] })
      expect(offsets(page)).toEqual([8, 9, 10, 11, 12])
    }
  })

  test('[ROOM-8] a log that holds nothing has an empty page, and keeps its epoch while subscribed', async () => {
    const head = await ground().adapter.subscribe('r')
    expect(await read('r', head)).toEqual({ publications: [], start: head, head, intact: true })
    expect((await publish('r', 1))[0]?.epoch).toBe(head.epoch)
  })

  test('[ROOM-4] is bounded in number, and says from where on it is', async () => {
    const positions = await publish('few', 12)
    const epoch = positions[0]?.epoch ?? ''
    const page = await read('few', { epoch, offset: 2 })
    expect(offsets(page)).toEqual([8, 9, 10, 11, 12])
    expect(page).toMatchObject({ start: positions[6], head: positions[11], intact: false })
    expect((await read('few', { epoch, offset: 7, id: positions[6]?.id })).intact).toBe(true)
    expect((await read('few', { epoch, offset: 6, id: positions[5]?.id })).intact).toBe(false)
    expect(offsets(await read('few', { epoch, offset: 2 }, 2))).toEqual([8, 9])
  })

  test('[ROOM-4] is bounded in bytes, roughly, but keeps the newest', async () => {
    const epoch = (await publish('small', 20, 'x'.repeat(400)))[0]?.epoch ?? ''
    const kept = offsets(await read('small', { epoch, offset: 0 }))
    expect(kept.length).toBeGreaterThanOrEqual(1)
    expect(kept.length).toBeLessThanOrEqual(5)
    expect(kept.at(-1)).toBe(20)
    await publish('small', 1, 'x'.repeat(5000))
    expect(offsets(await read('small', { epoch, offset: 0 }))).toEqual([21])
  })

  test('[ROOM-4] is bounded in time, and who was caught up can still prove it', async () => {
    await ground().adapter.subscribe('short')
    const [before, head] = await publish('short', 2)
    if (!head || !before) throw new Error('no head')
    await ground().advance(1000 + SLACK)
    expect(await read('short', head)).toEqual({ publications: [], start: head, head, intact: true })
    expect(await read('short', before)).toEqual({ publications: [], start: head, head, intact: false })
    expect((await read('short', { ...head, id: 'other' })).intact).toBe(false)
    expect((await publish('short', 1))[0]).toMatchObject({ epoch: head.epoch, offset: 3 })
    const page = await read('short', head)
    expect(offsets(page)).toEqual([3])
    expect(page).toMatchObject({ start: head, intact: true })
  })

  test('[ROOM-4] a publication is kept for its time', async () => {
    const epoch = (await publish('short', 1))[0]?.epoch ?? ''
    await ground().advance(1000 - SLACK)
    expect(offsets(await read('short', { epoch, offset: 0 }))).toEqual([1])
  })
}
