import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { ANN, range } from '../../adapters/adapter-ground.ts'
import { FIRST, firstSchema } from '../../adapters/first-schema.ts'
import { abort, objectOf, sql } from './parlor-objects.ts'

const OBJECT = `room:${FIRST.room}`

test('[WORKER-12] an object of the first schema goes on as it was', async () => {
  await objectOf(OBJECT).history({ epoch: '', offset: 0 }, 0)
  await sql(OBJECT, ...firstSchema(Date.now()))
  await abort(OBJECT)
  const { epoch, head, trimmed, clientId } = FIRST
  const page = await objectOf(OBJECT).history({ epoch, offset: trimmed + 2, id: `id-${trimmed + 2}` }, 100)
  expect(page).toMatchObject({ intact: true, head: { epoch, offset: head, id: `id-${head}` } })
  expect(page.publications.map(({ offset }) => offset)).toEqual(range(trimmed + 3, head))
  const again = { from: ANN, body: { kind: 'chat', content: `said ${head}` }, clientId, age: 1 } as const
  expect(await objectOf(OBJECT).publish(again, '')).toMatchObject({
    ok: true,
    value: { duplicate: true, position: { offset: head } },
  })
  expect(await objectOf(OBJECT).publish({ ...again, clientId: 'two' }, '')).toMatchObject({
    ok: true,
    value: { duplicate: false, position: { epoch, offset: head + 1 } },
  })
  expect(await sql(OBJECT, "SELECT value FROM parlor_meta WHERE name = 'schema'")).toEqual([{ value: '2' }])
})

test('[WORKER-12] [WORKER-13] an object that a newer Parlor wrote is looked at again when that may be there, after the platform has tried in vain', async () => {
  const object = 'room:newer-alarm'
  await objectOf(object).publish({ from: ANN, body: { kind: 'chat', content: 'x' } }, '')
  await sql(object, "UPDATE parlor_meta SET value = '99' WHERE name = 'schema'")
  await abort(object)
  const outcomes: string[] = []
  const looks = await runInDurableObject(env.PARLOR.getByName(object), async (instance, { storage }) => {
    await storage.deleteAlarm()
    for (let retryCount = 0; retryCount <= 6 && (await storage.getAlarm()) === null; retryCount++) {
      const look = async () => instance.alarm?.({ retryCount, isRetry: retryCount > 0, scheduledTime: 0 })
      outcomes.push(await look().then(() => 'set', String))
    }
    return await storage.getAlarm()
  })
  expect(outcomes[0]).toMatch('a newer Parlor')
  expect(outcomes.at(-1)).toBe('set')
  expect(looks).toBeGreaterThan(Date.now() + 60_000)
})

test.each([
  ['schema', /was written by a newer Parlor \(schema 99, this one knows 2\)/],
  ['object', /was written by a newer Parlor \(version 99, this one knows 1\)/],
])(
  '[WORKER-12] an object that a newer Parlor wrote (%s) answers nothing, says why, and is left as it is',
  async (version, why) => {
    const object = `room:newer-${version}`
    const publish = () => objectOf(object).publish({ from: ANN, body: { kind: 'chat', content: 'x' } }, '')
    expect(await publish()).toMatchObject({ ok: true })
    const rows = ['SELECT * FROM parlor_publications', 'SELECT * FROM parlor_meta ORDER BY name'] as const
    await sql(object, `UPDATE parlor_meta SET value = '99' WHERE name = '${version}'`)
    const before = await sql(object, ...rows)
    await abort(object)
    for (let times = 0; times < 2; times++) expect(await publish().then(String, String)).toMatch(why)
    expect(await sql(object, ...rows)).toEqual(before)
  },
)
