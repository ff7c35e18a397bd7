import { describe, expect, test } from 'vitest'
import type { AuthOptions } from '../../src/http/auth.ts'
import { memoryAdapter } from '../../src/runtimes/memory.ts'
import { sqliteAdapter } from '../../src/runtimes/node/sqlite.ts'
import { createParlor as onNodeWs } from '../../src/runtimes/node-ws/index.ts'
import { type ParlorOptions, readOptions } from '../../src/runtimes/options.ts'
import { createParlor } from '../../src/runtimes/parlor.ts'
import { onlyOn } from '../../src/runtimes/right-runtime.ts'
import { FakeRuntime, HANDSHAKE } from '../http/fake-runtime.ts'
import { unchecked } from '../unchecked.ts'

const DEFAULTS = readOptions({ auth: 'off' })

const problems = (options: object): readonly string[] => {
  try {
    createParlor(new FakeRuntime(), unchecked({ auth: 'off', ...options }))
  } catch (reason) {
    if (reason instanceof TypeError) return reason.message.split('\n')
    throw reason
  }
  return []
}

describe('options of createParlor', () => {
  test('options: nothing given, SPEC.md holds', () => {
    expect(DEFAULTS.settings).toEqual({
      limits: {
        message: 65_536,
        roomName: 128,
        rooms: 128,
        badFrames: 20,
        connections: 50_000,
        connectionsPerAddress: 0,
        publishRate: 0,
        request: 10_000,
      },
      heartbeat: { interval: 30_000, grace: 10_000 },
      drainWindow: 5000,
      maxLinger: 25,
    })
    expect(DEFAULTS.writerThreads).toBeUndefined()
    expect(DEFAULTS.limitsOf('any')).toEqual({ size: 100, ttl: 300_000, bytes: 4 * 1024 * 1024 })
    expect(DEFAULTS.allowedOrigins).toEqual([])
  })

  test('options: undefined is as not given, at every depth', () => {
    const options: ParlorOptions = {
      auth: 'off',
      history: { size: undefined, ttl: 1000 },
      rooms: { 'a*': { history: { size: 7, ttl: undefined } }, 'b*': { history: undefined }, 'c*': {} },
      limits: { message: undefined, rooms: 5 },
      heartbeat: { interval: undefined },
      hooks: { join: undefined, publish: undefined },
      drainWindow: undefined,
      maxLinger: undefined,
      writerThreads: undefined,
      allowedOrigins: undefined,
      adapter: undefined,
      page: undefined,
      guestTokens: undefined,
      log: undefined,
    }
    const read = readOptions(options)
    const log = { ...DEFAULTS.limitsOf(''), ttl: 1000 }
    expect(read.settings).toEqual({ ...DEFAULTS.settings, limits: { ...DEFAULTS.settings.limits, rooms: 5 } })
    expect(['a1', 'b1', 'c1', 'd1'].map(read.limitsOf)).toEqual([{ ...log, size: 7 }, log, log, log])
    const nothing = { history: undefined, limits: undefined, heartbeat: undefined, hooks: undefined, rooms: undefined }
    expect(readOptions({ auth: 'off', ...nothing }).settings).toEqual(DEFAULTS.settings)
    expect(() => memoryAdapter({ totalBytes: undefined })).not.toThrow()
  })

  test('[WS-1] a member hears of the defaults where undefined was given', async () => {
    const runtime = new FakeRuntime()
    const { routes } = createParlor(runtime, { auth: 'off', limits: { message: undefined }, log: undefined })
    await routes.request('/ws', { headers: HANDSHAKE })
    const socket = runtime.open()
    await runtime.rest()
    expect(socket.frames()[0]).toMatchObject({ type: 'welcome', limits: { message: 65_536 } })
  })

  test.each([
    [{ limits: { rooms: Number.NaN } }, 'limits.rooms is NaN; it must be a whole number from 1 to 100000'],
    [{ limits: { rooms: -1 } }, 'limits.rooms is -1; it must be a whole number from 1 to 100000'],
    [{ limits: { rooms: 0 } }, 'limits.rooms is 0; it must be a whole number from 1 to 100000'],
    [{ limits: { rooms: '5' } }, 'limits.rooms is "5"; it must be a whole number from 1 to 100000'],
    [{ limits: { publishRate: 0.5 } }, 'limits.publishRate is 0.5; it must be a whole number from 0 to 1000000'],
    [
      { limits: { connections: Number.POSITIVE_INFINITY } },
      'limits.connections is Infinity; it must be a whole number from 0 to 10000000 (0: no bound)',
    ],
    [{ history: { size: 0 } }, 'history.size is 0; it must be a whole number from 1 to 1000000'],
    [{ history: { ttl: 0 } }, 'history.ttl is 0; it must be a whole number of ms, at least 1'],
    [{ history: { bytes: -5 } }, 'history.bytes is -5; it must be a whole number of bytes, at least 1'],
    [
      { heartbeat: { interval: 30 } },
      'heartbeat.interval is 30; it must be a whole number of ms from 100 to 2147483647',
    ],
    [{ maxLinger: 1001 }, 'maxLinger is 1001; it must be a whole number of ms from 0 to 1000'],
    [{ writerThreads: 1 }, 'writerThreads is no option'],
    [{ drainWindow: -1 }, 'drainWindow is -1; it must be a whole number of ms from 0 to 2147483647'],
    [{ rooms: { 'a:*': { history: { size: 0 } } } }, 'rooms["a:*"].history.size is 0; it must be a whole number'],
    [{ rooms: { 'a.b': { history: { ttl: null } } } }, 'rooms["a.b"].history.ttl is null; it must be a whole number'],
    [{ history: null }, 'history is null; it must be an object such as { size: 1000 }'],
    [{ limits: 5 }, 'limits is 5; it must be an object such as { rooms: 10 }'],
    [{ heartbeat: 30_000 }, 'heartbeat is 30000; it must be an object such as { interval: 30000 }'],
    [{ rooms: ['a'] }, "rooms is a list; it must be an object such as { 'team:*': { history: { size: 1000 } } }"],
    [{ rooms: { 'a:*': 5 } }, 'rooms["a:*"] is 5; it must be an object such as { history: { size: 1000 } }'],
  ])('options: %j is refused with what it should be', (options, problem) => {
    expect(problems(options).slice(1).join()).toContain(problem)
  })

  test('options: every one that is wrong is named, once', () => {
    const found = problems({
      history: { size: -1.5 },
      rooms: { 'x*': { history: { bytes: Number.NaN } } },
      limits: { badFrames: 0, rooms: 5 },
      drainWindow: '5s',
      allowedOrigins: ['https://a.example', 'nonsense'],
      auth: undefined,
    })
    expect(found[0]).toBe('createParlor was given options that can not be:')
    expect(found.slice(1).map((line) => line.trim().split(' is ')[0])).toEqual([
      'auth',
      'history.size',
      'rooms["x*"].history.bytes',
      'limits.badFrames',
      'drainWindow',
      'allowedOrigins[1]',
    ])
  })

  const FORMS = "{ secret } with a text, { authenticate } with a function, or 'off'"
  const SECRET = 'a text of at least 32 characters'
  const authenticate = (): undefined => {}

  test.each([
    [undefined, `auth is undefined; it must be ${FORMS}`],
    [null, `auth is null; it must be ${FORMS}`],
    ['my secret', `auth is a text; it must be ${FORMS}`],
    [{}, `auth is an object; it must be ${FORMS}`],
    [{ secret: '' }, `auth.secret is an empty text; it must be ${SECRET}`],
    [{ secret: undefined }, `auth.secret is undefined; it must be ${SECRET}`],
    [{ secret: 12345 }, `auth.secret is a number; it must be ${SECRET}`],
    [{ secret: 'x'.repeat(31) }, `auth.secret is too short; it must be ${SECRET}`],
    [{ authenticate: 'me' }, 'auth.authenticate is a text; it must be a function'],
    [{ authenticate: undefined }, 'auth.authenticate is undefined; it must be a function'],
    [{ authenticate, secret: 'x'.repeat(32) }, `auth has both a secret and authenticate; it must be ${FORMS}`],
  ])('options: auth can not be %j, and no secret is ever shown', (auth, problem) => {
    expect(problems({ auth }).slice(1)).toEqual([`  ${problem}`])
  })

  test('options: what auth may be', () => {
    const endless = { authenticate: () => ({ user: { id: 'ann', name: 'Ann' }, expires: undefined }) }
    const forms: AuthOptions[] = ['off', { secret: 'x'.repeat(32) }, { authenticate }, endless]
    for (const auth of forms) expect(problems({ auth })).toEqual([])
  })

  test.each([[undefined], [null], [5]])('options: they can not be %j', (options) => {
    expect(() => createParlor(new FakeRuntime(), unchecked(options))).toThrow(
      new TypeError(
        `createParlor was given options that can not be:\n  options are ${options}; they must be an object with auth at least`,
      ),
    )
  })

  test.each([
    [{ hook: {} }, 'hook is no option; do you mean hooks?'],
    [{ allowedorigins: [] }, 'allowedOrigins?'],
    [{ secret: 'x'.repeat(32) }, 'secret is no option; do you mean auth.secret?'],
    [{ auth: { secret: 'x'.repeat(32), issuer: 'me' } }, 'auth.issuer is no option; there are secret, authenticate'],
    [{ colour: 'red' }, 'colour is no option; there are auth, '],
    [{ toString: 'x' }, 'toString is no option'],
    [{ size: 5 }, 'size is no option; do you mean history.size?'],
    [{ limits: { mesage: 5 } }, 'limits.mesage is no option; do you mean limits.message?'],
    [{ heartbeat: { intervall: 500 } }, 'heartbeat.intervall is no option; do you mean heartbeat.interval?'],
    [{ history: { count: 5 } }, 'history.count is no option; there are size, ttl, bytes'],
    [{ hooks: { onJoin: () => true } }, 'hooks.onJoin is no option; do you mean hooks.join?'],
    [{ rooms: { 'a:*': { size: 5 } } }, 'rooms["a:*"].size is no option; do you mean rooms["a:*"].history.size?'],
    [
      { rooms: { 'a:*': { history: { sice: 5 } } } },
      'rooms["a:*"].history.sice is no option; do you mean rooms["a:*"].history.size?',
    ],
  ])('options: what is none is refused: %j', (options, problem) => {
    const found = problems(options).slice(1)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(problem)
  })

  test('options: hooks may be an instance with more in it', () => {
    class Rules {
      readonly members = new Set(['ann'])
      join(): boolean {
        return true
      }
    }
    expect(problems({ hooks: new Rules() })).toEqual([])
  })

  const ADAPTER = "a BroadcastAdapter, or what makes one, such as sqliteAdapter('./parlor.db')"

  test.each([
    [{ hooks: { join: true } }, 'hooks.join is true; it must be a function'],
    [{ hooks: () => true }, 'hooks is a function; it must be an object such as { join: ({ user, room }) => true }'],
    [{ page: 'yes' }, 'page is "yes"; it must be true or false'],
    [{ guestTokens: 1 }, 'guestTokens is 1; it must be true or false'],
    [{ guestTokens: true }, 'guestTokens is true; there are none without auth: { secret }'],
    [{ guestTokens: true, auth: { authenticate } }, 'guestTokens is true; there are none without auth: { secret }'],
    [{ adapter: 'sqlite' }, `adapter is "sqlite"; it must be ${ADAPTER}`],
    [
      { adapter: { start() {}, publish() {}, history: 5 } },
      `adapter is an object; it must be ${ADAPTER}: it has no subscribe, unsubscribe, history, probe, close`,
    ],
  ])('options: %j is refused', (options, problem) => {
    expect(problems(options).slice(1)).toEqual([`  ${problem}`])
  })

  test.each([
    [undefined, 'upgradeWebSocket, transport, address, loop'],
    [{ auth: 'off' }, 'upgradeWebSocket, transport, address, loop'],
    [{ upgradeWebSocket: () => {}, loop: {} }, 'transport, address'],
  ])('createParlor: %j is no Runtime', (runtime, lacks) => {
    expect(() => createParlor(unchecked(runtime), { auth: 'off' })).toThrow(
      `createParlor of parlor takes a Runtime and then options, and this has no ${lacks}; parlor/node, parlor/deno and parlor/bun`,
    )
  })

  test('createParlor: that of parlor/node-ws says what it lacks, and those of other runtimes that they are', () => {
    expect(() => onNodeWs(unchecked({ auth: 'off' }), { auth: 'off' })).toThrow(
      'takes what createNodeWebSocket answers',
    )
    expect(() => onlyOn('Bun')).toThrow('parlor/bun is for Bun, which this is not: take parlor/node')
    expect(() => onlyOn('Deno')).toThrow('parlor/deno is for Deno, which this is not: take parlor/node')
  })

  test.each([
    [5, 'its options are 5; they must be an object such as { totalBytes }'],
    [null, 'its options are null; they must be an object such as { totalBytes }'],
    [{ totalbytes: 5 }, 'totalbytes is no option; do you mean totalBytes?'],
    [{ totalBytes: '5' }, 'totalBytes is "5"; it must be a whole number of bytes, at least 1'],
  ])('options: memoryAdapter(%j) is refused', (options, problem) => {
    expect(() => memoryAdapter(unchecked(options))).toThrow(new TypeError(`memoryAdapter: ${problem}`))
  })

  test.each([
    [undefined, 'undefined'],
    ['', '""'],
    [5, '5'],
    [new URL('file:///parlor.db'), 'an object'],
  ])('options: sqliteAdapter(%j) is refused', (file, what) => {
    expect(() => sqliteAdapter(unchecked(file))).toThrow(
      new TypeError(`sqliteAdapter: its file is ${what}; it must be a path, as in sqliteAdapter('./parlor.db')`),
    )
  })

  test('options: an adapter that was not called is refused, with how it is called', () => {
    expect(problems({ adapter: sqliteAdapter }).slice(1)).toEqual([
      "  adapter is sqliteAdapter itself; it must be called: { adapter: sqliteAdapter('./parlor.db') }",
    ])
    expect(problems({ adapter: memoryAdapter }).slice(1)).toEqual([
      '  adapter is memoryAdapter itself; it must be called: { adapter: memoryAdapter() }',
    ])
  })

  test.each([
    ['undefined', undefined, 'undefined and no adapter'],
    ['a promise', Promise.resolve(), 'a promise and no adapter: it has no start, '],
    ['half of one', { start() {} }, 'an object and no adapter: it has no subscribe, unsubscribe, '],
  ])('options: a function that makes %s is refused', (_, made, what) => {
    expect(problems({ adapter: () => made })[0]).toContain(`adapter makes ${what}`)
  })

  test('options: a function that makes what has to be called is refused', () => {
    expect(problems({ adapter: () => sqliteAdapter('./parlor.db') })).toEqual([
      'adapter makes a function and no adapter; give sqliteAdapter(file) itself',
    ])
  })

  const hasSqlite = process.getBuiltinModule('node:sqlite') !== undefined

  test.skipIf(hasSqlite)('options: on a Node without SQLite sqliteAdapter says what is needed, and no setting', () => {
    const adapter = sqliteAdapter('/nowhere/parlor.db')
    expect(() => createParlor(new FakeRuntime(), { auth: 'off', adapter })).toThrow(
      `sqliteAdapter: /nowhere/parlor.db: Node ${process.versions.node} can not open it, since it has no SQLite. Take Node 22.13 or newer (22.5 with --experimental-sqlite), Deno or Bun; or keep the logs in memory`,
    )
    expect(() => createParlor(new FakeRuntime(), { auth: 'off', adapter })).not.toThrow('PARLOR_STORE')
  })

  test('[WS-6] a message limit above the largest frame can not take effect: refused', () => {
    const mebibyte = 1024 * 1024
    expect(readOptions({ auth: 'off', limits: { message: mebibyte } }).settings.limits.message).toBe(mebibyte)
    expect(problems({ limits: { message: mebibyte + 1 } })[1]).toBe(
      '  limits.message is 1048577; it must be a whole number of bytes from 1 to 1048576 (no frame is larger)',
    )
  })

  test.each([true, null, 'console', {}, { info: () => {} }, { debug: 1, info: 1, warn: 1, error: 1 }])(
    'options: %j is no logger',
    (log) => {
      expect(problems({ log })[1]).toContain('; it must be a logger with the methods debug, info, warn, error')
    },
  )

  test('options: console is a logger, and so is an object of a class', () => {
    class Log {
      debug(): void {}
      info(): void {}
      warn(): void {}
      error(): void {}
    }
    for (const log of [console, new Log()]) expect(() => readOptions({ auth: 'off', log })).not.toThrow()
  })

  test.each([
    ['https://a.example/path', '"https://a.example/path"'],
    ['a.example', '"a.example"'],
    ['null', '"null"'],
    ['', '""'],
    [5, '5'],
  ])('[ORIGIN-1] options: %j is no origin', (origin, shown) => {
    expect(problems({ allowedOrigins: ['*', origin] })[1]).toBe(
      `  allowedOrigins[1] is ${shown}; it must be an origin such as https://example.org, or *`,
    )
  })

  test('[ORIGIN-1] options: a text in place of a list is refused', () => {
    expect(problems({ allowedOrigins: 'https://a.example' })[1]).toMatch(
      /^ {2}allowedOrigins is "https.*; it must be a/,
    )
  })

  test('[ORIGIN-1] options: origins are read as browsers write them', () => {
    const allowedOrigins = ['HTTPS://A.Example:443/', 'http://b:80', 'http://c:8080', '*', 'chrome-extension://AbC']
    expect(readOptions({ auth: 'off', allowedOrigins }).allowedOrigins).toEqual([
      'https://a.example',
      'http://b',
      'http://c:8080',
      '*',
      'chrome-extension://abc',
    ])
  })
})
