/** `npm run simulate -- --runs N --seed S`: many runs, each with a seed of its own, until one breaks a rule. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { judge } from './judge.ts'
import { line } from './recorder.ts'
import { explain, inShort } from './report.ts'
import { type Run, simulate } from './simulation.ts'

/** ms between two words about the progress. */
const PROGRESS = 2000

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    /** Prints the whole trace of every run. */
    trace: { type: 'boolean', default: false },
    /** Goes on after a failure. */
    all: { type: 'boolean', default: false },
  },
})
const [first, runs] = [wholeNumber('seed', values.seed), wholeNumber('runs', values.runs)]
let failures = 0
let told = performance.now()
const begun = told

for (let seed = first; seed < first + runs; seed++) {
  const run = await simulate(seed)
  if (values.trace) for (const fact of run.facts) console.log(line(fact))
  if (!isGood(seed, run)) {
    failures++
    if (!values.all) break
  }
  if (performance.now() - told > PROGRESS) {
    told = performance.now()
    console.log(progress(seed - first + 1))
  }
}
if (failures === 0) console.log(`${progress(runs)}, and no rule was broken`)
process.exitCode = failures > 0 ? 1 : 0

function isGood(seed: number, run: Run): boolean {
  const [violation] = judge(run)
  if (!violation) return true
  console.log(values.all ? inShort(seed, violation) : explain(seed, run, violation))
  return false
}

function progress(done: number): string {
  const seconds = (performance.now() - begun) / 1000
  return `${done} of ${runs} runs, ${Math.round(done / seconds)} a second`
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  console.error(`--${name} is a whole number, not ${text}`)
  process.exit(2)
}
