/** The service with its log in a SQLite file: what it promises of a crash, over real sockets and with a real kill -9. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { PublicationFrame, StreamPosition } from '../../src/core/protocol.ts'
import { node24 } from '../adapters/sqlite/runtimes.ts'
import { bun, deno, type Environment, type Fixture, node, type Served, start } from './fixtures.ts'
import { member, own, peer } from './ground.ts'
import { expectType, type Peer } from './peer.ts'

const newerNode: Fixture = {
  ...node,
  name: 'Node 24',
  command: (args) => ({ file: node24(), args: ['dist/runtimes/node/main.js', ...args] }),
}

const folder = mkdtempSync(join(tmpdir(), 'parlor-durable-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const fresh = (): { readonly file: string; readonly environment: Environment } => {
  const file = join(folder, `${++files}.db`)
  return {
    file,
    environment: { PARLOR_STORE: `sqlite:${file}`, PARLOR_HISTORY_SIZE: '100000', PARLOR_LOG_LEVEL: 'error' },
  }
}

const PUBLISHERS = ['ann', 'bob', 'cid', 'dan']

/** What was acknowledged, by user and id. */
type Acked = Map<string, StreamPosition | undefined>

/** Publishes, four at a time, each after its last ack, until the connection ends. */
async function publishOn(
  client: Peer,
  user: string,
  name: string,
  sent: Map<string, string[]>,
  acked: Acked,
): Promise<void> {
  const ids = sent.get(user) ?? []
  sent.set(user, ids)
  let number = 0
  const one = async (): Promise<void> => {
    for (;;) {
      const id = `${name}-${++number}`
      ids.push(id)
      acked.set(`${user} ${id}`, (await client.say('room', `${user} ${id}`, { id })).position)
    }
  }
  await Promise.allSettled([one(), one(), one(), one()])
}

/** One life of the service, that ends with kill -9 amid the publishes of four users. */
async function publishAndDie(
  fixture: Fixture,
  environment: Environment,
  name: string,
  sent: Map<string, string[]>,
  acked: Acked,
): Promise<void> {
  const served = await start(fixture, environment)
  const enough = acked.size + 150
  const publishing = PUBLISHERS.map(async (user) =>
    publishOn(await member(served, 'room', { user }), user, name, sent, acked),
  )
  while (acked.size < enough) await new Promise((resolve) => setTimeout(resolve, 1))
  await served.stop('SIGKILL')
  await Promise.all(publishing)
}

/** Sends everything again: what was acknowledged is a duplicate, at the position that it was acknowledged with. */
async function retryAll(served: Served, sent: ReadonlyMap<string, readonly string[]>, acked: Acked): Promise<void> {
  for (const [user, ids] of sent) {
    const client = await member(served, 'room', { user })
    for (const id of ids) {
      const { position, duplicate } = await client.say('room', `${user} ${id}`, { id, age: 1000 })
      const first = acked.get(`${user} ${id}`)
      if (first) expect([duplicate, position]).toEqual([true, first])
    }
  }
}

/** What the log of the room holds, as a member of it reads it page by page. */
async function wholeLog(client: Peer): Promise<readonly PublicationFrame[]> {
  const { epoch } = (await client.join('room')).position
  const found: PublicationFrame[] = []
  for (;;) {
    const last = found.at(-1)
    const after = last?.offset === undefined ? { epoch, offset: 0 } : { epoch, offset: last.offset, id: last.id }
    const page = expectType(await client.ask({ type: 'history', room: 'room', after, limit: 1000 }), 'history')
    found.push(...page.publications)
    if (!page.more) return found
  }
}

async function refusedStart(fixture: Fixture, environment: Environment): Promise<string> {
  let served: Served
  try {
    served = await start(fixture, environment)
  } catch (reason) {
    return reason instanceof Error ? reason.message : String(reason)
  }
  await served.stop()
  throw new Error('it started')
}

describe.each([newerNode, deno, bun])('$name with PARLOR_STORE=sqlite', { timeout: 60_000 }, (fixture) => {
  test('[ROOM-10] [ROOM-11] [ROOM-16] after kill -9 amid publishes every acknowledged one is in the log once, at its position, and all retries are answered', async () => {
    const { environment } = fresh()
    const sent = new Map<string, string[]>()
    const acked: Acked = new Map()
    for (const life of ['first', 'second', 'third']) await publishAndDie(fixture, environment, life, sent, acked)
    expect([...sent.values()].flat().length).toBeGreaterThan(acked.size)

    const served = await own(fixture, environment)
    await retryAll(served, sent, acked)
    const log = await wholeLog(await member(served, 'room'))
    expect(log.map(({ offset }) => offset)).toEqual(log.map((_, i) => i + 1))
    const contents = log.map((publication) => (publication.type === 'chat' ? publication.content : ''))
    const all = [...sent].flatMap(([user, ids]) => ids.map((id) => `${user} ${id}`))
    expect([...contents].sort()).toEqual(all.sort())
    for (const position of acked.values()) expect(log[(position?.offset ?? 0) - 1]?.id).toBe(position?.id)
  })

  test('[ROOM-13] [ROOM-16] a position from before kill -9 resumes after it, and what came later follows', async () => {
    const { environment } = fresh()
    const first = await start(fixture, environment)
    const ann = await member(first, 'room')
    const { position: held } = await ann.say('room', '1')
    const quiet = await (await peer(first)).join('quiet')
    await ann.say('room', '2')
    await first.stop('SIGKILL')

    const second = await own(fixture, environment)
    const back = await peer(second)
    const joined = expectType(await back.ask({ type: 'join', room: 'room', since: held }), 'joined')
    expect(joined).toMatchObject({ recovered: true, position: held })
    await back.say('room', '3')
    expect([(await back.next('chat')).content, (await back.next('chat')).content]).toEqual(['2', '3'])
    const again = expectType(await back.ask({ type: 'join', room: 'quiet', since: quiet.position }), 'joined')
    expect(again.recovered).toBe(true)
  })

  test('[DRAIN-1] [ROOM-16] a stop leaves one whole file, with all that was acknowledged until then', async () => {
    const { file, environment } = fresh()
    const served = await start(fixture, environment)
    const sent = new Map<string, string[]>()
    const acked: Acked = new Map()
    const ann = await member(served, 'room')
    const publishing = publishOn(ann, 'ann', 'x', sent, acked)
    while (acked.size < 50) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(await served.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    await publishing
    expect([existsSync(file), existsSync(`${file}-wal`)]).toEqual([true, false])
    const second = await own(fixture, environment)
    const log = await wholeLog(await member(second, 'room'))
    expect(log.length).toBeGreaterThanOrEqual(acked.size)
    for (const position of acked.values()) expect(log[(position?.offset ?? 0) - 1]?.id).toBe(position?.id)
  })

  test('[ROOM-16] a file that another service has ends the start with code 1, and says which and what to do', async () => {
    const { file, environment } = fresh()
    const served = await own(fixture, environment)
    const said = await refusedStart(fixture, environment)
    expect(said).toMatch(/"code":1/)
    expect(said).toContain(`Parlor can't use the log that PARLOR_STORE names:\n  ${file}: another process has it.`)
    await (await member(served, 'room')).say('room', 'still there')
  })
})

const hasSqlite = process.getBuiltinModule('node:sqlite') !== undefined

test.skipIf(hasSqlite)('a Node without SQLite ends the start with code 1, and says what is needed', async () => {
  const { file, environment } = fresh()
  const said = await refusedStart(node, environment)
  expect(said).toMatch(/"code":1/)
  expect(said).toContain(`Parlor can't use the log that PARLOR_STORE names:\n  ${file}: Node `)
  expect(said).toContain('it has no SQLite. Take Node 22.13 or newer (22.5 with --experimental-sqlite), Deno or Bun')
  expect(said).toContain('or keep the logs in memory')
  expect(said).not.toContain('sqliteAdapter')
  expect(existsSync(file)).toBe(false)
})

test('a store that is none is refused with the other settings', async () => {
  expect(await refusedStart(node, { PARLOR_STORE: 'postgres://x' })).toContain(
    'PARLOR_STORE: "postgres://x" is not memory, or sqlite: and a file, such as sqlite:./parlor.db',
  )
})
