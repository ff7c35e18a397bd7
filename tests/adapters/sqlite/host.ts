/**
 * SQL adapters in a runtime that has SQLite, driven by a test over standard input and output: vitest itself runs on a Node that has none.
 * `host.ts <module that exports openSqlite>`. Time passes when the test says so; turns of the event loop are real.
 */
import process from 'node:process'
import * as v from 'valibot'
import type { SqlAdapter } from '../../../src/adapters/sql-adapter.ts'
import { openSqliteAdapter } from '../../../src/adapters/sqlite.ts'
import type { SqliteDatabase } from '../../../src/adapters/sqlite-file.ts'
import { RequestError } from '../../../src/core/errors.ts'
import { systemRandom } from '../../../src/http/platform.ts'
import { eventLoop } from '../../../src/runtimes/loop.ts'
import { FakeLoop } from '../../core/fake-loop.ts'
import { suiteLimits } from '../adapter-ground.ts'
import { Call, onLines, type Told } from './wire.ts'

interface Opened {
  readonly adapter: SqlAdapter
  readonly db: SqliteDatabase
  readonly time: FakeLoop
}

type OpenSqlite = (file: string) => SqliteDatabase

const hasOpen = (module: unknown): module is { openSqlite: OpenSqlite } =>
  typeof module === 'object' && module !== null && 'openSqlite' in module && typeof module.openSqlite === 'function'

const binding: unknown = await import(process.argv[2] ?? '')
if (!hasOpen(binding)) throw new TypeError('that module exports no openSqlite')
const { openSqlite } = binding

const opened = new Map<number, Opened>()
const tell = (told: Told): void => void process.stdout.write(`${JSON.stringify(told)}\n`)

function open(id: number, file: string, now: number, ahead: number): void {
  const time = new FakeLoop(now)
  time.ahead = ahead
  const loop = { endOfTurn: eventLoop.endOfTurn, after: (ms: number, task: () => void) => time.after(ms, task) }
  const say = (message: string, fields?: Record<string, unknown>): void =>
    void process.stderr.write(`${message} ${fields?.['reason'] ?? ''}\n`)
  const log = { debug: say, info: say, warn: say, error: say }
  const dbs: SqliteDatabase[] = []
  const keeping: OpenSqlite = (name) => {
    const db = openSqlite(name)
    dbs.push(db)
    return db
  }
  const adapter = openSqliteAdapter(file, keeping, {
    clock: time,
    loop,
    random: systemRandom,
    limitsOf: suiteLimits,
    log,
  })
  for (const db of dbs) opened.set(id, { adapter, db, time })
}

function openedAs(id: number): Opened {
  const found = opened.get(id)
  if (!found) throw new Error(`no adapter ${id} was opened`)
  return found
}

/** Publishes `count` texts, `group` of them in a turn, and answers how many ms that took. */
async function bench(adapter: SqlAdapter, call: Extract<Call, { call: 'bench' }>): Promise<number> {
  const content = 'x'.repeat(call.bytes)
  const began = performance.now()
  for (let done = 0; done < call.count; done += call.group) {
    const turn = Array.from({ length: Math.min(call.group, call.count - done) }, (_, i) =>
      adapter.publish(call.room, {
        from: { id: 'ann', name: 'Ann' },
        body: { kind: 'chat', content },
        clientId: `bench-${done + i}`,
      }),
    )
    await Promise.all(turn)
  }
  return performance.now() - began
}

/** Publishes within one turn of the event loop, and answers how each went: `published`, or why not. */
async function turn(adapter: SqlAdapter, { publishes }: Extract<Call, { call: 'turn' }>): Promise<string[]> {
  const results = await Promise.allSettled(publishes.map(({ room, draft }) => adapter.publish(room, draft)))
  return results.map((result) => {
    if (result.status === 'fulfilled') return 'published'
    return result.reason instanceof RequestError ? result.reason.code : String(result.reason)
  })
}

async function carryOut(call: Call): Promise<unknown> {
  if (call.call === 'open') return open(call.adapter, call.file, call.now, call.ahead)
  const { adapter, db, time } = openedAs(call.adapter)
  switch (call.call) {
    case 'start':
      return adapter.start({
        deliver: (room, epoch, publications) =>
          tell({ adapter: call.adapter, room, epoch, publications: [...publications] }),
        restored: () => {},
      })
    case 'subscribe':
      return await adapter.subscribe(call.room)
    case 'unsubscribe':
      return await adapter.unsubscribe(call.room)
    case 'publish':
      return await adapter.publish(call.room, call.draft)
    case 'turn':
      return await turn(adapter, call)
    case 'history':
      return await adapter.history(call.room, call.start, call.limit)
    case 'probe':
      return await adapter.probe()
    case 'advance':
      return await advance(time, call.ms)
    case 'timers':
      return time.timers
    case 'sql':
      return db.all(call.sql, [])
    case 'bench':
      return await bench(adapter, call)
    case 'close':
      return adapter.close()
  }
}

/** What a timer put off to the end of its turn is done too. */
async function advance(time: FakeLoop, ms: number): Promise<void> {
  time.advance(ms)
  await new Promise<void>((resolve) => eventLoop.endOfTurn(resolve))
}

async function answer(line: string): Promise<void> {
  const call = v.parse(Call, JSON.parse(line))
  try {
    const result = await carryOut(call)
    tell(result === undefined ? { id: call.id } : { id: call.id, result })
  } catch (reason) {
    const message = reason instanceof Error ? reason.message : String(reason)
    tell({ id: call.id, error: reason instanceof RequestError ? { message, code: reason.code } : { message } })
  }
}

onLines(process.stdin, (line) => void answer(line))
