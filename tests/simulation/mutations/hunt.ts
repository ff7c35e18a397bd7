import type { Violation } from '../checker/violation.ts'
import { judge } from '../judge.ts'
import type { Sabotage } from '../network/network.ts'
import { simulate } from '../simulation.ts'

export interface Catch {
  /** Runs until it was found. */
  readonly runs: number
  readonly seed: number
  readonly violation: Violation
}

/** Runs with a deliberate fault until the checker finds something that it does not find in the same run without the fault. */
export async function hunt(sabotage: () => Sabotage, most: number): Promise<Catch | undefined> {
  for (let seed = 1; seed <= most; seed++) {
    const [violation] = judge(await simulate(seed, { sabotage: sabotage() }))
    if (violation && (await isGood(seed))) return { runs: seed, seed, violation }
  }
  return undefined
}

/** A run that fails by itself proves nothing. */
export async function isGood(seed: number): Promise<boolean> {
  return judge(await simulate(seed)).length === 0
}
