import { afterEach, expect, test } from 'vitest'
import { createTestHarness, type TestHarness } from 'wrangler'
import { CONFIG } from './harness.ts'

let server: TestHarness | undefined
afterEach(() => server?.close())

test.each([
  ['without a secret', {}, /PARLOR_AUTH_SECRET is not set: npx wrangler secret put PARLOR_AUTH_SECRET/],
  ['with a secret that is too short', { PARLOR_AUTH_SECRET: 'short' }, /PARLOR_AUTH_SECRET/],
  ['with a setting that can’t be', { PARLOR_AUTH: 'off', PARLOR_HISTORY_SIZE: 'many' }, /PARLOR_HISTORY_SIZE/],
])('[WORKER-4] %s every request is answered with 503, and the logs say why', async (_, vars, why) => {
  server = createTestHarness({ workers: [{ configPath: CONFIG, vars }] })
  await server.listen()
  for (const path of ['/', '/health', '/ws']) {
    const response = await server.fetch(path)
    expect(response.status).toBe(503)
    expect(await response.text()).toBe("Parlor can't start with its settings: see the logs of this Worker")
  }
  expect(
    server
      .getLogs()
      .map(({ message }) => message)
      .join('\n'),
  ).toMatch(why)
})
