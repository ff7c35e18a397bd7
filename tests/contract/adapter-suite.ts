import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type AdapterFixture, AdapterGround, chat } from '../adapters/adapter-ground.ts'
import { historySuite } from '../adapters/history-suite.ts'
import { liveSuite } from '../adapters/live-suite.ts'
import { retriesSuite } from '../adapters/retries-suite.ts'

export { type AdapterFixture, suiteLimits } from '../adapters/adapter-ground.ts'

/** The contract of every BroadcastAdapter. Adapters are made with `suiteLimits`. */
export function adapterSuite(name: string, makeAdapter: () => Promise<AdapterFixture>): void {
  describe(`${name} as a BroadcastAdapter`, () => {
    let current: AdapterGround | undefined

    const ground = (): AdapterGround => {
      if (!current) throw new Error('there is no adapter outside of a test')
      return current
    }

    beforeEach(async () => {
      current = new AdapterGround(await makeAdapter())
      await current.start()
    })

    afterEach(async () => {
      await current?.end()
      current = undefined
    })

    describe('live', () => liveSuite(ground))
    describe('history', () => historySuite(ground))
    describe('retries', () => retriesSuite(ground))

    test('probe answers, before anybody has subscribed and after', async () => {
      await ground().adapter.probe()
      await ground().adapter.subscribe('r')
      await ground().adapter.probe()
      expect(ground().heard.of('r')).toEqual([])
    })

    test('[ROOM-2] after close nothing is delivered, and closing twice is as once', async () => {
      const { adapter, heard } = ground()
      await adapter.subscribe('r')
      await adapter.publish('r', chat('x'))
      await heard.until('r', 1)
      await adapter.close()
      await adapter.close()
      await ground().advance(100)
      expect(heard.offsets('r')).toEqual([1])
    })
  })
}
