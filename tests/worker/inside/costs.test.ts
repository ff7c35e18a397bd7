import { describe, expect, test } from 'vitest'
import { Chance } from '../../simulation/chance.ts'
import { costsOf, everySecond } from './costs.ts'
import { Client, draft, objectOf } from './parlor-objects.ts'

/** Seconds, and publishes, that are counted; and before that, so that the log is full and ids have begun to be forgotten. */
const COUNTED = 300
const BEFORE = 320
/** Whoever publishes next is drawn: not every id finds an old one of its user to take the place of. */
const USERS = 100
const SEED = 1

// The numbers are those of docs/cloudflare.md, a publish a second.
describe('what a publish costs', () => {
  const counted = async (object: string, publish: (at: number) => Promise<unknown>) => {
    await everySecond(BEFORE, object, publish)
    const costs = await costsOf(() => everySecond(COUNTED, object, (at) => publish(BEFORE + at)))
    const each = {
      rowsWritten: costs.rowsWritten / COUNTED,
      rowsRead: costs.rowsRead / COUNTED,
      requests: costs.requests / COUNTED,
    }
    console.log(`${object}, a publish: ${JSON.stringify(each)}`)
    return each
  }

  test('in the room’s own object, without an id: one row', { timeout: 120_000 }, async () => {
    const room = objectOf('room:plain')
    const { rowsWritten } = await counted('room:plain', () => room.publish(draft('x'), ''))
    expect(rowsWritten).toBeLessThan(1.05)
  })

  test('in the room’s own object, with an id, until that is forgotten: three and a half rows', {
    timeout: 120_000,
  }, async () => {
    const room = objectOf('room:ids')
    const chance = new Chance(SEED)
    const { rowsWritten } = await counted('room:ids', (at) =>
      room.publish(draft('x', `${at}`, `user-${chance.below(USERS)}`), ''),
    )
    expect(rowsWritten).toBeLessThan(3.6)
  })

  test('by a member in a gateway: one row more, two requests, and an alarm now and then', {
    timeout: 120_000,
  }, async () => {
    const ann = await Client.joined('far')
    const { rowsWritten, requests } = await counted('room:far', async (at) => {
      ann.send({ type: 'chat', content: 'x', ref: at })
      await ann.next('ack')
      await ann.next('chat')
    })
    expect(rowsWritten).toBeLessThan(2.3)
    expect(requests).toBeLessThan(2.15)
    ann.close()
  })
})
