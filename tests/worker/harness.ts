/** The Worker in workerd, with a hand on its objects: real sockets, and memory that goes when a test says so. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { createTestHarness } from 'wrangler'
import { SECRET, type Served } from '../contract/fixtures.ts'

export const CONFIG = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))
const ABORTABLE = fileURLToPath(new URL('./inside/abortable.toml', import.meta.url))

export interface Objects {
  readonly served: () => Served
  /** Takes an object's memory away. Its sockets stay (`hibernate`) or are cut (`close`). */
  evict(object: string, webSockets: 'hibernate' | 'close'): Promise<void>
  /** Ends an object in the middle of whatever it does. */
  abort(object: string): Promise<void>
  /** Replaces the Worker by itself, as a deploy does: every object ends, and what it stored stays. */
  redeploy(): Promise<void>
  /** What a statement answers in an object's own storage. */
  sql(object: string, statement: string): Promise<readonly unknown[]>
}

export function objects(environment: Readonly<Record<string, string>> = {}, isAbortable = false): Objects {
  process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false'
  process.env['WRANGLER_SEND_METRICS'] = 'false'
  let revision = 0
  const options = (configPath: string) => ({
    workers: [
      { configPath, secrets: { PARLOR_AUTH_SECRET: SECRET }, vars: { ...environment, REVISION: `${revision++}` } },
    ],
  })
  const server = createTestHarness(options(isAbortable ? ABORTABLE : CONFIG))
  let url: URL | undefined
  beforeAll(async () => {
    url = (await server.listen()).url
  }, 60_000)
  afterAll(() => server.close())
  const served = (): Served => {
    if (!url) throw new Error('the Worker is not running')
    const never = (): never => {
      throw new Error('not a process of this test')
    }
    return {
      url: url.href,
      port: Number(url.port),
      pid: -1,
      stdout: () => '',
      died: () => undefined,
      signal: never,
      exited: never,
      stop: never,
    }
  }
  return {
    served,
    evict: async (object, webSockets) => {
      try {
        await server.getWorker().evictDurableObject('ParlorObject', { name: object, webSockets })
      } catch (reason) {
        // It has lost its memory before, and what wakes it is still on its way.
        if (!String(reason).includes('not currently running')) throw reason
      }
    },
    abort: async (object) => {
      await server.fetch(`/abort?object=${encodeURIComponent(object)}`)
    },
    redeploy: async () => {
      await server.update(options(ABORTABLE))
      url = (await server.listen()).url
    },
    sql: async (object, statement) =>
      (await server.getWorker().getDurableObjectStorage('ParlorObject', { name: object })).exec(statement),
  }
}
