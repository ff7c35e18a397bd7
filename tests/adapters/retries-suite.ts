import { expect, test } from 'vitest'
import { type AdapterGround, ANN, BOB, chat, range } from './adapter-ground.ts'

/** What the dedupe owes to who publishes again. */
export function retriesSuite(ground: () => AdapterGround): void {
  test('[ROOM-10] the same id again appends nothing and is answered with the first position', async () => {
    await ground().adapter.subscribe('r')
    const first = await ground().adapter.publish('r', chat('x', { clientId: 'one' }))
    await ground().publishMany('r', 3)
    expect(await ground().adapter.publish('r', chat('x', { clientId: 'one', age: 10 }))).toEqual({
      ...first,
      duplicate: true,
    })
    await ground().settled()
    expect(ground().heard.offsets('r')).toEqual([1, 2, 3, 4])
  })

  test('[ROOM-10] many at once append one', async () => {
    await ground().adapter.subscribe('r')
    const answers = await Promise.all(
      range(1, 10).map(() => ground().adapter.publish('r', chat('x', { clientId: 'one' }))),
    )
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(new Set(answers.map(({ position }) => position?.id)).size).toBe(1)
    await ground().settled()
    expect(ground().heard.offsets('r')).toEqual([1])
  })

  test('[ROOM-10] another body is id_reused, another publisher or room is independent', async () => {
    await ground().adapter.publish('r', chat('x', { clientId: 'one' }))
    expect(await ground().failure('r', chat('y', { clientId: 'one' }))).toBe('id_reused')
    const event = { kind: 'event', name: 'chat', data: 'x' } as const
    expect(await ground().failure('r', { from: ANN, body: event, clientId: 'one' })).toBe('id_reused')
    expect(await ground().adapter.publish('r', chat('y', { clientId: 'one', from: BOB }))).toMatchObject({
      duplicate: false,
    })
    expect(await ground().adapter.publish('other', chat('y', { clientId: 'one' }))).toMatchObject({ duplicate: false })
    expect((await ground().adapter.subscribe('r')).offset).toBe(2)
  })

  test('[ROOM-10] a name does not make a publisher, an id with a separator does not either', async () => {
    await ground().adapter.publish('r', chat('x', { clientId: 'one', from: { id: 'ann', name: 'Ann' } }))
    const renamed = chat('x', { clientId: 'one', from: { id: 'ann', name: 'Anna' } })
    expect(await ground().adapter.publish('r', renamed)).toMatchObject({ duplicate: true })
    for (const [id, clientId] of [
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['a\u0000b', 'c'],
      ['a', 'b\u0000c'],
    ] as const) {
      expect(await ground().adapter.publish('r', chat('x', { clientId, from: { id, name: 'n' } }))).toMatchObject({
        duplicate: false,
      })
    }
  })

  test('[ROOM-10] older than the window is outcome_unknown, within it and unheard of is published', async () => {
    expect(await ground().failure('r', chat('x', { clientId: 'old', age: 300_001 }))).toBe('outcome_unknown')
    expect(await ground().failure('r', chat('x', { clientId: 'lost', age: 250_000 }))).toBe('published')
    expect((await ground().adapter.subscribe('r')).offset).toBe(1)
  })

  test('[ROOM-10] what the newest 1,000 ids pushed out is outcome_unknown on a resend', async () => {
    await ground().adapter.publish('r', chat('x', { clientId: 'first' }))
    await ground().advance(50)
    for (let i = 0; i < 1000; i++) await ground().adapter.publish('r', chat('x', { clientId: `${i}` }))
    await ground().advance(50)
    expect(await ground().failure('r', chat('x', { clientId: 'first', age: 60_000 }))).toBe('outcome_unknown')
    expect(await ground().adapter.publish('r', chat('x', { clientId: '0', age: 60_000 }))).toMatchObject({
      duplicate: true,
    })
  })
}
