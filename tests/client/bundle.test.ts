import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))
const LIMIT = 6 * 1024

test('[SDK-42] the SDK is under 6 KiB, minified and gzipped, and brings no library along', async () => {
  const bundle = await rolldown({ input: `${SRC}client/index.ts`, platform: 'neutral' })
  const { output } = await bundle.generate({ format: 'es', minify: true })
  await bundle.close()
  expect(output).toHaveLength(1)
  const [{ code, moduleIds }] = output
  const foreign = moduleIds.map((id) => id.replace(SRC, '')).filter((id) => !id.startsWith('client/'))
  expect(foreign).toEqual(['core/close-codes.ts'])
  const size = gzipSync(code, { level: 9 }).length
  console.log(`parlor/client: ${code.length} bytes minified, ${size} gzipped`)
  expect(size).toBeLessThan(LIMIT)
})
