import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { expect, test } from 'vitest'

const Report = v.object({
  clients: v.number(),
  recovered: v.number(),
  complaints: v.number(),
  last_ms: v.number(),
  pair_messages: v.number(),
})

test.each(['bun', 'deno'])(
  '[ROOM-13] 2,000 clients that come back at once after a restart are all recovered, and others are served meanwhile (%s)',
  async (runtime) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['bench/herd.mjs', '--runtime', runtime])
    console.log(stdout.trim())
    const report = v.parse(Report, JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
    expect(report).toMatchObject({ clients: 2000, recovered: 2000, complaints: 0 })
    expect(report.pair_messages).toBeGreaterThan(0)
  },
)
