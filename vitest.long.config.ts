import { defineConfig } from 'vitest/config'

/** The longer runs: Autobahn's cases, a thousand stalled readers, a minute of churn. One after another, within 15 minutes. */
export default defineConfig({
  test: {
    include: ['tests/long/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['default', './tests/closing-line.ts'],
  },
})
