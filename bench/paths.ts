import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const BENCH = dirname(fileURLToPath(import.meta.url))
export const ROOT = dirname(BENCH)
/** What is built, and what servers say. */
export const CACHE = join(ROOT, '.cache/bench')
export const CARGO = join(CACHE, 'target')
export const RESULTS = join(ROOT, 'docs/benchmarks')

export const binary = (name: string): string => join(CARGO, 'release', name)
export const peer = (name: string): string => join(BENCH, 'peers', name)
/** Node runs what an application on it would; the benchmark itself runs on Bun. */
export const NODE = process.env['BENCH_NODE'] ?? 'node'
export const BUN = join(ROOT, 'node_modules/bun/bin/bun.exe')
export const DENO = join(ROOT, 'node_modules/deno/deno')
