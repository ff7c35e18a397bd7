import { defineConfig } from 'vitest/config'

/** `npm test`: everything that is done within minutes. The longer runs are in vitest.long.config.ts. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/long/**'],
    globalSetup: './tests/node24/setup.ts',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './tests/closing-line.ts'],
  },
})
