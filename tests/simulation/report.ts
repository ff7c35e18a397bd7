import type { Violation } from './checker/violation.ts'
import { judge } from './judge.ts'
import { line } from './recorder.ts'
import { type Run, simulate } from './simulation.ts'

/** Lines of the trace that are shown before the first broken rule. */
const TAIL = 60

/** What went wrong in a run, for people: how it came to the first broken rule, the rule, and how to see it again. */
export function explain(seed: number, { facts }: Run, violation: Violation): string {
  const { fact } = violation
  const tail = facts.slice(Math.max(0, fact - TAIL), fact + 1).map(line)
  const again = `Again, with the whole trace: npm run simulate -- --seed ${seed} --runs 1 --trace`
  return [...tail, inShort(seed, violation), again].join('\n')
}

export const inShort = (seed: number, { rule, said, at }: Violation): string =>
  `seed ${seed} breaks ${rule} at ${at} ms: ${said.slice(0, 400)}`

/** Runs this seed; throws with an explanation where a rule was broken. */
export async function hold(seed: number): Promise<Run> {
  const run = await simulate(seed)
  const [violation] = judge(run)
  if (violation) throw new Error(`\n${explain(seed, run, violation)}`)
  return run
}
