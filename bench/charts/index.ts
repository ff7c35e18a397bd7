/** Draws what the results allow. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BENCH, NODE } from '../paths.ts'
import type { Results } from '../results.ts'
import { CURVE_MEMBERS } from '../scenarios.ts'
import type { Chart } from './chart.ts'
import { cost } from './cost.ts'
import { curve } from './curve.ts'

/** Scenarios whose costs are drawn. */
const COSTS = ['fan1000', 'burst1000', 'even300', 'rooms', 'workers200', 'workers1000']

/** Answers the files that it wrote. */
export function draw(results: Results, folder: string): string[] {
  const costs = COSTS.flatMap((name) => {
    const entry = results[name]
    return entry ? [cost(name, entry)] : []
  })
  const curves = CURVE_MEMBERS.flatMap((members) => curve(members, results))
  return [...costs, ...curves].map((chart) => write(chart, folder))
}

function write({ name, width, height, option }: Chart, folder: string): string {
  const { status, stdout, stderr } = spawnSync(NODE, [join(BENCH, 'svg.mjs'), `${width}`, `${height}`], {
    input: JSON.stringify(option),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${name} could not be drawn: ${stderr}`)
  const file = join(folder, `${name}.svg`)
  writeFileSync(file, stdout)
  return file
}
