/** `npm run bench`: Parlor on every runtime and what one would have instead, in one interleaved run. See bench/README.md. */
import process from 'node:process'
import { Builds } from './build.ts'
import { draw } from './charts/index.ts'
import { machine } from './machine.ts'
import { type Measured, measure } from './measure.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { merged, readResults, writeResults } from './results.ts'
import type { Scenario } from './scenarios.ts'
import { isParlor } from './servers/names.ts'
import { summarise } from './summary.ts'
import { table } from './table.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options) return await runOrComplain(options)
    console.log(USAGE)
    return 0
  } catch (reason) {
    console.error(`${reason instanceof Error ? reason.message : reason}\n${USAGE}`)
    return 2
  }
}

async function runOrComplain(wanted: Options): Promise<number> {
  try {
    return await run(wanted)
  } catch (reason) {
    console.error(reason instanceof Error ? reason.message : reason)
    return 1
  }
}

async function run({ scenarios, only, reps, out }: Options): Promise<number> {
  const builds = new Builds()
  const without = builds.missing(['loadgen'])
  if (without !== undefined) {
    console.error(`Nothing can be measured without the load generator: ${without}`)
    return 1
  }
  // Before anything is measured that could not be kept.
  readResults(out)
  const facts = machine()
  const wrong: string[] = []
  for (const scenario of scenarios) {
    const names = only ?? scenario.servers
    const base = names[0] ?? ''
    const measured = await measure(scenario, names, reps ?? scenario.reps, builds)
    console.log(table(scenario, summarise(measured, base, offered(scenario)), measured))
    const about = { title: scenario.title, base, task: scenario.task, machine: facts }
    writeResults(out, merged(readResults(out), measured, about))
    wrong.push(...failures(measured))
  }
  const undrawable = builds.missing(['packages'])
  if (undrawable === undefined) draw(readResults(out), out)
  else console.log(`There are no charts: ${undrawable}`)
  for (const line of wrong) console.error(line)
  return wrong.length > 0 ? 1 : 0
}

/** Deliveries a second that a paced load asks for. */
function offered({ task }: Scenario): number | undefined {
  if (task.name !== 'fan' || task.load.kind !== 'open') return undefined
  return task.load.perSecond * (task.members - (task.stalled ?? 0))
}

/** What Parlor must not do, however slow the machine is: lose, reorder or repeat a message, or not run at all. */
function failures({ scenario, faults, failed }: Measured): string[] {
  const found = [
    ...Object.entries(faults).map(([name, all]) => [name, all.join('; ')] as const),
    ...Object.entries(failed),
  ]
  return found.filter(([name]) => isParlor(name)).map(([name, why]) => `FAILED: ${scenario}, ${name}: ${why}`)
}
