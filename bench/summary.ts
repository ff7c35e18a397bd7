/** From the repetitions of a scenario to one row a server: medians, and ratios to the first server within each repetition. */
import type { Measured } from './measure.ts'
import type { Report } from './report.ts'

export interface Ratio {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface Row {
  readonly server: string
  readonly reps: number
  readonly perSecond: number
  readonly cpuPerMillion: number
  readonly cores: number
  /** Messages that a frame held. */
  readonly perFrame: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly latest: number
  /** Bytes: at the end of a run, and of each connection. */
  readonly rss: number
  readonly rssOfConnection: number
  /** To the first server, repetition by repetition. None where that has no figures. */
  readonly cpuRatio?: Ratio
  readonly p99Ratio?: Ratio
  /** What to think of when reading it. */
  readonly notes: readonly string[]
}

/** From these shares of a core on, who reads a figure is told. */
const STOLEN = 0.1
/** Of what was offered. */
const DELIVERED = 0.95

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

const cpuOf = (report: Report): number => report.cpu?.perMillion ?? Number.NaN
const p99Of = (report: Report): number => report.latency?.p99 ?? Number.NaN

export function summarise({ runs, faults }: Measured, base: string, expected?: number): Row[] {
  const baseRuns = runs[base] ?? []
  return Object.entries(runs).map(([server, reports]) => {
    const cpuRatio = ratio(reports, baseRuns, cpuOf)
    const p99Ratio = ratio(reports, baseRuns, p99Of)
    return {
      server,
      reps: reports.length,
      perSecond: median(reports.map(({ deliveries, seconds }) => deliveries / seconds)),
      cpuPerMillion: median(reports.map(cpuOf)),
      cores: median(reports.map(({ cpu }) => cpu?.cores ?? Number.NaN)),
      perFrame: median(reports.map(({ deliveries, frames }) => deliveries / frames)),
      p50: median(reports.map(({ latency }) => latency?.p50 ?? Number.NaN)),
      p99: median(reports.map(p99Of)),
      p999: median(reports.map(({ latency }) => latency?.p999 ?? Number.NaN)),
      latest: median(reports.map(({ latency }) => latency?.max ?? Number.NaN)),
      rss: median(reports.map(({ rss }) => rss)),
      rssOfConnection: median(reports.map(({ rss, rssBefore, connections }) => (rss - rssBefore) / connections)),
      ...(cpuRatio ? { cpuRatio } : {}),
      ...(p99Ratio ? { p99Ratio } : {}),
      notes: notes(reports, faults[server] ?? [], expected),
    }
  })
}

function ratio(reports: readonly Report[], base: readonly Report[], of: (report: Report) => number): Ratio | undefined {
  const ratios = reports.flatMap((report, rep) => {
    const other = base[rep]
    const value = other ? of(report) / of(other) : Number.NaN
    return Number.isFinite(value) ? [value] : []
  })
  if (ratios.length === 0) return undefined
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

/** `expected`: deliveries a second that were offered. */
function notes(reports: readonly Report[], faults: readonly string[], expected: number | undefined): string[] {
  const bound = reports.filter(({ generatorBound }) => generatorBound).length
  const stolen = reports.filter(({ stolenCores }) => stolenCores > STOLEN).length
  const givenUp = reports.reduce((sum, report) => sum + report.givenUp, 0)
  const short = reports.filter(({ deliveries, seconds }) => deliveries / seconds < (expected ?? 0) * DELIVERED).length
  return [
    ...faults,
    ...(givenUp > 0 ? [`${givenUp} messages given up after 2 s`] : []),
    ...(short > 0 ? ['could not keep up'] : []),
    ...(bound > 0 ? [`the generator was the bottleneck (${bound} of ${reports.length})`] : []),
    ...(stolen > 0 ? [`CPU was stolen (${stolen} of ${reports.length})`] : []),
  ]
}
