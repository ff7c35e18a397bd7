import { parseArgs } from 'node:util'
import { CACHE, RESULTS } from './paths.ts'
import { SCENARIOS, type Scenario, small } from './scenarios.ts'
import { SERVERS } from './servers/index.ts'

export interface Options {
  readonly scenarios: readonly Scenario[]
  /** Servers to run in place of each scenario's own. */
  readonly only?: readonly string[]
  readonly reps?: number
  /** Where results and charts go. */
  readonly out: string
}

export const USAGE = `usage: npm run bench -- [--scenario NAMES] [--only SERVERS] [--reps N] [--duration S] [--small] [--out DIR]
  --scenario  names or beginnings of names, separated by commas: ${[...new Set(SCENARIOS.map(({ name }) => name.replace(/^(curve\d+)-.*/, '$1')))].join(' ')}
  --only      servers, separated by commas; the first is what the others are compared with: ${[...SERVERS.keys()].join(' ')}
  --reps      repetitions, 1-50
  --duration  seconds over which is measured, 0.2-600
  --small     a tenth of everybody for half a second, once: shows that it works, measures nothing
  --out       where results.json and the charts go (docs/benchmarks; with --small .cache/bench)`

/** Nothing: the usage was asked for. Throws with what is wrong. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      only: { type: 'string' },
      reps: { type: 'string' },
      duration: { type: 'string' },
      small: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const wanted = values.scenario?.split(',') ?? ['']
  const unknown = wanted.find((name) => !SCENARIOS.some((scenario) => scenario.name.startsWith(name)))
  if (unknown !== undefined) throw new Error(`--scenario: there is no ${unknown}`)
  const only = values.only?.split(',')
  const stranger = only?.find((name) => !SERVERS.has(name))
  if (stranger !== undefined) throw new Error(`--only: there is no ${stranger}`)
  const duration = values.duration === undefined ? undefined : number('duration', values.duration, 0.2, 600)
  const reps = values.reps === undefined ? undefined : Math.round(number('reps', values.reps, 1, 50))
  const isLeftOut = (scenario: Scenario): boolean =>
    values.small && values.scenario === undefined && scenario.small === 'none'
  const scenarios = SCENARIOS.filter(({ name }) => wanted.some((start) => isMeant(name, start)))
    .filter((scenario) => !isLeftOut(scenario))
    .map((scenario) => (values.small ? small(scenario) : scenario))
    .map((scenario) => (duration === undefined ? scenario : lasting(scenario, duration)))
  return {
    scenarios,
    ...(only ? { only } : {}),
    ...(reps === undefined ? {} : { reps }),
    out: values.out ?? (values.small ? CACHE : RESULTS),
  }
}

/** A name, or the beginning of one where no scenario is called so. */
function isMeant(name: string, wanted: string): boolean {
  return SCENARIOS.some((scenario) => scenario.name === wanted) ? name === wanted : name.startsWith(wanted)
}

function lasting(scenario: Scenario, duration: number): Scenario {
  const { task } = scenario
  return task.name === 'fan' || task.name === 'ack' ? { ...scenario, task: { ...task, duration } } : scenario
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (value >= least && value <= most) return value
  throw new Error(`--${name} is a number from ${least} to ${most}, not ${text}`)
}
