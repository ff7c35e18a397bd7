import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { alarmOf, answering, strike } from './parlor-objects.ts'
import { clock, ownTime } from './time.ts'

/** What Cloudflare bills, of all objects together. */
export interface Costs {
  /** Setting an alarm is one too. */
  readonly rowsWritten: number
  readonly rowsRead: number
  /** From object to object, and alarms. What clients send is not counted here. */
  readonly requests: number
}

const CALLS = ['admit', 'dismiss', 'publish', 'history', 'announce'] as const

/** Counts what `work` makes the objects do. */
export async function costsOf(work: () => Promise<void>): Promise<Costs> {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = []
  const alarms = await runInDurableObject(env.PARLOR.getByName('gw:nobody:0'), (_, { storage }) => {
    const sql: SqlStorage = Object.getPrototypeOf(storage.sql)
    const { exec } = sql
    vi.spyOn(sql, 'exec').mockImplementation(function (this: SqlStorage, statement, ...params) {
      const cursor = exec.call(this, statement, ...params)
      cursors.push(cursor)
      return cursor
    })
    const prototype: DurableObjectStorage = Object.getPrototypeOf(storage)
    return vi.spyOn(prototype, 'setAlarm')
  })
  const calls = CALLS.map((name) => vi.spyOn(answering, name))
  const struck = vi.spyOn(answering, 'alarm')
  await work()
  const sum = (count: (cursor: (typeof cursors)[number]) => number): number =>
    cursors.reduce((total, cursor) => total + count(cursor), 0)
  const requests = [...calls, struck].reduce((total, { mock }) => total + mock.calls.length, 0)
  const costs = {
    rowsWritten: sum(({ rowsWritten }) => rowsWritten) + alarms.mock.calls.length,
    rowsRead: sum(({ rowsRead }) => rowsRead),
    requests,
  }
  vi.restoreAllMocks()
  return costs
}

/** Seconds between two looks at the alarm, which may come late. */
const LATE = 5

/** Lets `seconds` pass: each brings one publish, and the alarm where it is due. */
export async function everySecond(seconds: number, object: string, publish: (at: number) => Promise<unknown>) {
  ownTime()
  for (let at = 0; at < seconds; at++) {
    clock.pass(1000)
    const alarm = at % LATE === 0 ? await alarmOf(object) : null
    if (alarm !== null && alarm <= clock.now()) await strike(object)
    await publish(at)
  }
}
