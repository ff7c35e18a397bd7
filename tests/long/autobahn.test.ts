import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bun, deno, node, start } from '../contract/fixtures.ts'
import { type Expected, tableOf } from './autobahn-table.ts'
import { installKosoku, runAutobahn, type Verdicts } from './kosoku.ts'

const EXPECTED = fileURLToPath(new URL('autobahn-expected.json', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))
/** `AUTOBAHN_UPDATE=1` writes what is found into the table of what is expected. The document is up to whoever does so. */
const UPDATE = process.env['AUTOBAHN_UPDATE'] === '1'

const expected = (): Expected =>
  v.parse(v.record(v.string(), v.record(v.string(), v.string())), JSON.parse(readFileSync(EXPECTED, 'utf8')))

/** A line for each case that is not as expected. */
function differences(before: Verdicts, now: Verdicts): readonly string[] {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return ids
    .filter((id) => before[id] !== now[id])
    .map((id) => `${id}: expected ${before[id] ?? 'nothing'}, found ${now[id] ?? 'nothing'}`)
}

describe("Autobahn's cases", () => {
  beforeAll(installKosoku)

  for (const fixture of [node, deno, bun]) {
    test(`[ECHO-1] [ECHO-2] [ECHO-3] [HTTP-5] as expected on ${fixture.name}`, async () => {
      const served = await start(fixture, { PARLOR_AUTH: 'off' })
      onTestFinished(async () => void (await served.stop()))
      const found = await runAutobahn(served)
      expect(served.died()).toBeUndefined()
      if (UPDATE) writeFileSync(EXPECTED, `${JSON.stringify({ ...expected(), [fixture.name]: found }, null, 2)}\n`)
      expect(Object.keys(found).length).toBeGreaterThan(300)
      expect(differences(expected()[fixture.name] ?? {}, found)).toEqual([])
    })
  }

  test('[ECHO-1] [ECHO-2] docs/conformance.md shows what is expected', () => {
    expect(readFileSync(DOCUMENT, 'utf8')).toContain(tableOf(expected()))
  })
})
