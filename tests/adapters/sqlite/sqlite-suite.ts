import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import { adapterSuite } from '../../contract/adapter-suite.ts'
import { durabilitySuite } from './durability-suite.ts'
import { expirySuite } from './expiry-suite.ts'
import { HostProcess } from './host-process.ts'
import { modelSuite } from './model-suite.ts'
import { RemoteAdapter } from './remote-adapter.ts'
import type { SqliteRuntime } from './runtimes.ts'
import { troubleSuite } from './trouble-suite.ts'

/** Everything about the SQLite log, on one runtime. */
export function sqliteSuite(runtime: SqliteRuntime): void {
  describe(`SQLite on ${runtime.name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'parlor-sqlite-'))
    let files = 0
    const freshFile = (): string => join(folder, `${++files}.db`)
    const start = (): HostProcess => {
      const host = new HostProcess(runtime)
      onTestFinished(() => host.kill())
      return host
    }

    let shared: HostProcess | undefined
    beforeAll(() => {
      shared = new HostProcess(runtime)
    })
    afterAll(async () => {
      await shared?.kill()
      rmSync(folder, { recursive: true, force: true })
    })

    const host = (): HostProcess => {
      if (!shared) throw new Error('the host is not running')
      return shared
    }

    adapterSuite('SQLite', async () => {
      const adapter = await RemoteAdapter.open(host(), freshFile())
      const close = async (): Promise<void> => expect(await adapter.timers()).toBe(0)
      return { adapter, advance: (ms) => adapter.advance(ms), close }
    })
    modelSuite(host, freshFile)
    const hosts = { start, shared: host, freshFile }
    durabilitySuite(hosts)
    expirySuite(hosts)
    troubleSuite(hosts)
  })
}
