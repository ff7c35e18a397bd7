import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isGood } from './hunt.ts'
import type { InsideMutation } from './inside.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** What a simulation needs. */
const PARTS = ['package.json', 'src/core', 'src/client', 'tests/simulation']
const BUN = join(ROOT, 'node_modules/.bin/bun')
const FAILED = /seed (\d+) breaks (.*?) at \d+ ms: (.*)/

export interface Found {
  readonly seed: number
  readonly runs: number
  readonly rule: string
  readonly said: string
}

/** Simulates an edited copy of the source in a process of its own, until it breaks a rule that the source itself holds in that run. */
export async function huntInside(mutation: InsideMutation, most: number): Promise<Found | undefined> {
  const home = mkdtempSync(join(tmpdir(), 'parlor-mutant-'))
  try {
    for (const part of PARTS) cpSync(join(ROOT, part), join(home, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
    for (const { file, find, replace } of mutation.edits) edit(join(home, 'src', file), find, replace)
    return await firstFailure(home, mutation.from ?? 1, most)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Where the text is not there, or more than once, the mutation has to be written anew. */
function edit(path: string, find: string, replace: string): void {
  const source = readFileSync(path, 'utf8')
  const times = source.split(find).length - 1
  if (times !== 1) throw new Error(`${path} has this ${times} times, not once: ${find}`)
  writeFileSync(
    path,
    source.replace(find, () => replace),
  )
}

async function firstFailure(home: string, from: number, most: number): Promise<Found | undefined> {
  for (let next = from; next < from + most; ) {
    const output = await simulated(home, next, from + most - next)
    const found = FAILED.exec(output)
    if (!found) return undefined
    const [, seed = '', rule = '', said = ''] = found
    if (await isGood(Number(seed))) return { seed: Number(seed), runs: Number(seed) - from + 1, rule, said }
    next = Number(seed) + 1
  }
  return undefined
}

async function simulated(home: string, seed: number, runs: number): Promise<string> {
  const command = ['tests/simulation/main.ts', '--seed', `${seed}`, '--runs', `${runs}`]
  try {
    return (await promisify(execFile)(BUN, command, { cwd: home, maxBuffer: 2 ** 28 })).stdout
  } catch (reason) {
    if (reason instanceof Error && 'stdout' in reason && String(reason.stdout).length > 0) return String(reason.stdout)
    throw reason
  }
}
