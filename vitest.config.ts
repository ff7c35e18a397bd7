import process from 'node:process'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

// What the plugin would ask Cloudflare for.
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false'
process.env['WRANGLER_SEND_METRICS'] = 'false'

/** `npm test`: everything that is done within minutes. The longer runs are in vitest.long.config.ts. */
export default defineConfig({
  test: {
    globalSetup: './tests/node24/setup.ts',
    maxWorkers: 2,
    reporters: ['default', './tests/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/long/**', 'tests/worker/inside/**'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './tests/worker/inside/wrangler.toml' } })],
        test: { name: 'inside of workerd', include: ['tests/worker/inside/**/*.test.ts'], testTimeout: 60_000 },
      },
    ],
  },
})
