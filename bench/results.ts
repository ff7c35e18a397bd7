/** The results of all scenarios, in one file: a scenario that is run again takes the place of its old figures, the others stay. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Machine } from './machine.ts'
import type { Measured } from './measure.ts'
import { Report } from './report.ts'

const Text = v.record(v.string(), v.string())

const Entry = v.object({
  title: v.string(),
  /** The day. */
  measured: v.string(),
  /** What the others are compared with. */
  base: v.string(),
  task: v.looseObject({ name: v.string() }),
  machine: v.record(v.string(), v.union([v.string(), v.number()])),
  runs: v.record(v.string(), v.array(Report)),
  absent: Text,
  failed: Text,
})

export type Entry = v.InferOutput<typeof Entry>

const Results = v.record(v.string(), Entry)

export type Results = v.InferOutput<typeof Results>

const fileIn = (folder: string): string => join(folder, 'results.json')

/** Throws where the file is there and is something else. */
export function readResults(folder: string): Results {
  const file = fileIn(folder)
  if (!existsSync(file)) return {}
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), Results), readFileSync(file, 'utf8'))
  if (read.success) return read.output
  throw new Error(`${file} has results of another kind, to which none can be added: remove it, or choose another --out`)
}

export function merged(results: Results, { scenario, runs, absent, failed }: Measured, about: About): Results {
  const measured = new Date().toISOString().slice(0, 10)
  return { ...results, [scenario]: { ...about, measured, runs, absent, failed } }
}

export interface About {
  readonly title: string
  readonly base: string
  readonly task: { readonly name: string }
  readonly machine: Machine
}

export function writeResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true })
  // A line a scenario, so that a difference shows which were measured again.
  const lines = Object.entries(results).map(([name, entry]) => `${JSON.stringify(name)}: ${JSON.stringify(entry)}`)
  writeFileSync(fileIn(folder), `{\n${lines.join(',\n')}\n}\n`)
}
