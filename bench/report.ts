/** What one run of the load generator says (bench/loadgen/src/report.rs). */
import * as v from 'valibot'

const Count = v.pipe(v.number(), v.minValue(0))

export const Report = v.object({
  seconds: Count,
  published: Count,
  deliveries: Count,
  /** Text frames that held them. */
  frames: Count,
  /** Seconds; of the server and its children. */
  cpu: v.nullable(v.object({ user: Count, system: Count, perMillion: Count, cores: Count })),
  /** ms */
  latency: v.nullable(v.object({ p50: Count, p99: Count, p999: Count, max: Count })),
  /** Bytes. */
  rssBefore: Count,
  rss: Count,
  rssPeak: Count,
  lost: Count,
  reordered: Count,
  duplicate: Count,
  damaged: Count,
  closed: Count,
  givenUp: Count,
  connections: Count,
  recovered: v.nullable(Count),
  generatorCores: Count,
  generatorBound: v.boolean(),
  machineCores: Count,
  stolenCores: Count,
})

export type Report = v.InferOutput<typeof Report>

export const parseReport = (line: string): Report => v.parse(Report, JSON.parse(line))

/** What must not be; empty: nothing. */
export function faults(report: Report, missed: number): string[] {
  const { lost, reordered, duplicate, damaged, closed, recovered, connections } = report
  const counts = Object.entries({ lost, reordered, duplicate, damaged, closed })
  const found = counts.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`)
  if (missed > 0 && recovered !== null && recovered < connections) {
    found.push(`${connections - recovered} not recovered`)
  }
  return found
}
