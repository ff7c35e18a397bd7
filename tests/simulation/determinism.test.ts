import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { line } from './recorder.ts'
import { simulate } from './simulation.ts'

const SEEDS = [1, 2, 3, 12, 1000, 123_456_789]
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const trace = async (seed: number): Promise<string[]> => (await simulate(seed)).facts.map(line)

describe('a simulation', () => {
  test.each(SEEDS)('seed %d makes the same trace each time', async (seed) => {
    const once = await trace(seed)
    expect(once.length).toBeGreaterThan(100)
    expect(await trace(seed)).toEqual(once)
  })

  test('another seed makes another trace', async () => {
    expect(await trace(1)).not.toEqual(await trace(2))
  })

  test('the same seed makes the same trace on Bun', async () => {
    const command = ['tests/simulation/main.ts', '--seed', '12', '--runs', '1', '--trace']
    const { stdout } = await promisify(execFile)('node_modules/.bin/bun', command, { cwd: ROOT, maxBuffer: 2 ** 28 })
    const lines = await trace(12)
    expect(stdout.split('\n').slice(0, lines.length)).toEqual(lines)
  })
})
