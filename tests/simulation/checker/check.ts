import type { Fact } from '../facts.ts'
import { Apps } from './apps.ts'
import { Connections } from './connections.ts'
import { Ending } from './ending.ts'
import { Logs } from './logs.ts'
import { Memory, type MemoryBounds } from './memory.ts'
import { Publishes } from './publishes.ts'
import { SessionRule } from './sessions.ts'
import type { Complain, Violation } from './violation.ts'

export interface CheckOptions {
  /** ms for which the engine remembers client ids. */
  readonly dedupeWindow: number
  readonly memory: MemoryBounds
}

/** Judges a run by its facts alone: it knows nothing of how hubs and clients work. */
export function check(facts: readonly Fact[], options: CheckOptions): Violation[] {
  const violations: Violation[] = []
  let now = { at: 0, fact: 0 }
  const complain: Complain = (rule, said) => violations.push({ rule, said, ...now })
  const logs = new Logs()
  const publishes = new Publishes(logs, options.dedupeWindow, complain)
  const connections = new Connections(logs, complain, (user, asked, ack) => publishes.acknowledged(user, asked, ack))
  const apps = new Apps(logs, complain)
  const ending = new Ending(connections, apps, complain)
  const parts = [
    logs,
    publishes,
    connections,
    apps,
    new SessionRule(complain),
    new Memory(options.memory, complain),
    ending,
  ]
  for (const [index, fact] of facts.entries()) {
    now = { at: fact.at, fact: index }
    for (const part of parts) part.see(fact)
  }
  return violations
}
