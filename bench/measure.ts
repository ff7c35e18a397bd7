/** Runs one scenario over its servers, interleaved: every repetition runs each of them once. */
import process from 'node:process'
import type { Builds } from './build.ts'
import { generate, start } from './launch.ts'
import { faults, type Report } from './report.ts'
import type { Scenario } from './scenarios.ts'
import { SERVERS } from './servers/index.ts'
import { can, type Server, target } from './servers/server.ts'

export interface Measured {
  readonly scenario: string
  /** Of the servers that could be measured, one report a repetition. */
  readonly runs: Record<string, Report[]>
  /** Why others were not: there is nothing to run. */
  readonly absent: Record<string, string>
  /** Why others were not: they ended, refused or fell silent. */
  readonly failed: Record<string, string>
  /** What should not have been, by server. */
  readonly faults: Record<string, string[]>
}

export async function measure(
  scenario: Scenario,
  names: readonly string[],
  reps: number,
  builds: Builds,
): Promise<Measured> {
  const measured: Measured = { scenario: scenario.name, runs: {}, absent: {}, failed: {}, faults: {} }
  const servers = names.flatMap((name) => {
    const found = ready(name, scenario, builds)
    if (typeof found !== 'string') return [found]
    measured.absent[name] = found
    return []
  })
  for (let rep = 0; rep < reps; rep++) {
    for (const server of servers) await once(server, scenario, measured)
  }
  return measured
}

/** The server, or why it can't run. */
function ready(name: string, { needs }: Scenario, builds: Builds): Server | string {
  const server = SERVERS.get(name)
  if (!server) return 'there is no such server'
  if (!can(server, needs)) return `has no ${needs}`
  return builds.missing(server.parts) ?? server
}

async function once(server: Server, scenario: Scenario, measured: Measured): Promise<void> {
  const { name } = server
  if (measured.failed[name] !== undefined) return
  try {
    const running = await start(server)
    try {
      const { port, pid } = running
      const job = { address: `127.0.0.1:${port}`, pid, ...target(server, scenario.task, scenario.needs) }
      note(name, scenario, await generate(job), measured)
    } finally {
      await running.stop()
    }
  } catch (reason) {
    measured.failed[name] = reason instanceof Error ? reason.message : String(reason)
  }
}

function note(name: string, { task }: Scenario, report: Report, { runs, faults: all }: Measured): void {
  const found = faults(report, task.name === 'reconnect' ? task.missed : 0)
  runs[name] = [...(runs[name] ?? []), report]
  if (found.length > 0) all[name] = [...(all[name] ?? []), found.join(', ')]
  process.stdout.write(`  ${name}${found.length > 0 ? `: ${found.join(', ')}` : ''}\n`)
}
