import { expect, test } from 'vitest'
import type { Published } from '../../src/core/broadcast-adapter.ts'
import { type AdapterGround, BOB, chat, range } from './adapter-ground.ts'

/** Subscribing, publishing and what is delivered. */
export function liveSuite(ground: () => AdapterGround): void {
  test('[ROOM-1] a new room is at offset 0, without an id; offsets go from 1 up by one', async () => {
    const head = await ground().adapter.subscribe('r')
    expect(head).toEqual({ epoch: expect.stringMatching(/./), offset: 0 })
    const answers: Published[] = []
    for (let i = 1; i <= 20; i++) answers.push(await ground().adapter.publish('r', chat(`${i}`)))
    const all = await ground().heard.until('r', 20)
    expect(ground().heard.offsets('r')).toEqual(range(1, 20))
    expect(ground().heard.epochs('r')).toEqual([head.epoch])
    expect(all.map(({ body }) => body)).toEqual(range(1, 20).map((i) => ({ kind: 'chat', content: `${i}` })))
    expect(answers).toEqual(
      all.map(({ offset, id }) => ({ position: { epoch: head.epoch, offset, id }, duplicate: false })),
    )
    expect(new Set(all.map(({ id }) => id)).size).toBe(20)
  })

  test('[ROOM-1] publishes that are made at once have one order, and their answers know it', async () => {
    await ground().adapter.subscribe('r')
    const answers = await Promise.all(range(1, 50).map((i) => ground().adapter.publish('r', chat(`${i}`))))
    const all = await ground().heard.until('r', 50)
    expect(ground().heard.offsets('r')).toEqual(range(1, 50))
    for (const [i, { position }] of answers.entries()) {
      expect(all[(position?.offset ?? 0) - 1]).toMatchObject({ id: position?.id, body: { content: `${i + 1}` } })
    }
  })

  test('[AUTH-4] a publication says what was published, by whom and when', async () => {
    await ground().adapter.subscribe('r')
    const body = { kind: 'event', name: 'n', data: { deep: [1, null, '\u2028😀', { '': false }] } } as const
    await ground().adapter.publish('r', { from: BOB, body, clientId: 'mine', age: 3 })
    await ground().adapter.publish('r', chat(''))
    const [event, empty] = await ground().heard.until('r', 2)
    expect(event).toEqual({
      offset: 1,
      id: expect.any(String),
      time: expect.any(Number),
      from: BOB,
      body,
      clientId: 'mine',
    })
    expect(empty && 'clientId' in empty).toBe(false)
    expect(Number.isInteger(event?.time)).toBe(true)
  })

  test('[ROOM-3] from the head that subscribe answered, everything is delivered', async () => {
    await ground().publishMany('r', 3)
    const [, head] = await Promise.all([ground().publishMany('r', 10), ground().adapter.subscribe('r')])
    await ground().publishMany('r', 3)
    await ground().heard.untilOffset('r', 16)
    const after = ground()
      .heard.offsets('r')
      .filter((offset) => offset !== undefined && offset > head.offset)
    expect(after).toEqual(range(head.offset + 1, 16))
  })

  test('[ROOM-3] subscribing twice is as once', async () => {
    await ground().adapter.subscribe('r')
    await ground().publishMany('r', 2)
    const head = await ground().adapter.subscribe('r')
    expect(head).toMatchObject({ offset: 2, id: (await ground().heard.until('r', 2))[1]?.id })
    await ground().publishMany('r', 2)
    await ground().heard.until('r', 4)
    await ground().settled()
    expect(ground().heard.offsets('r')).toEqual([1, 2, 3, 4])
    await ground().adapter.unsubscribe('r')
    await ground().publishMany('r', 1)
    await ground().settled()
    expect(ground().heard.offsets('r')).toEqual([1, 2, 3, 4])
  })

  test('[ROOM-2] after unsubscribe nothing is delivered, subscribing again goes on', async () => {
    await ground().adapter.unsubscribe('never')
    await ground().adapter.subscribe('r')
    await ground().publishMany('r', 1)
    await ground().heard.until('r', 1)
    await ground().adapter.unsubscribe('r')
    await ground().publishMany('r', 2)
    await ground().settled()
    expect(ground().heard.offsets('r')).toEqual([1])
    expect((await ground().adapter.subscribe('r')).offset).toBe(3)
    await ground().publishMany('r', 1)
    await ground().heard.until('r', 2)
    expect(ground().heard.offsets('r')).toEqual([1, 4])
    expect(ground().heard.epochs('r')).toHaveLength(1)
  })

  test('[ROOM-7] a transient message is delivered in order, has no offset and is not kept', async () => {
    await ground().adapter.subscribe('r')
    await ground().publishMany('r', 1)
    expect(await ground().adapter.publish('r', chat('now', { transient: true, clientId: 'c' }))).toEqual({
      duplicate: false,
    })
    await ground().publishMany('r', 1)
    const all = await ground().heard.until('r', 3)
    expect(ground().heard.offsets('r')).toEqual([1, undefined, 2])
    expect(all[1] && 'offset' in all[1]).toBe(false)
    const page = await ground().adapter.history('r', { epoch: ground().heard.epochs('r')[0] ?? '', offset: 0 }, 10)
    expect(page.publications.map(({ offset }) => offset)).toEqual([1, 2])
  })

  test('many rooms at once are as one each', async () => {
    const rooms = range(1, 60).map((i) => `room ${i} / ${'é'.repeat(i)}`)
    await Promise.all(rooms.map((room) => ground().adapter.subscribe(room)))
    await Promise.all(rooms.flatMap((room) => range(1, 5).map(() => ground().adapter.publish(room, chat(room)))))
    for (const room of rooms) {
      const all = await ground().heard.until(room, 5)
      expect(ground().heard.offsets(room)).toEqual(range(1, 5))
      expect(all.every(({ body }) => body.kind === 'chat' && body.content === room)).toBe(true)
    }
    await Promise.all(rooms.map((room) => ground().adapter.unsubscribe(room)))
  })
}
