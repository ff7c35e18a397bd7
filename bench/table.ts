/** A scenario's rows as text. */
import type { Measured } from './measure.ts'
import type { Scenario, Task } from './scenarios.ts'
import type { Ratio, Row } from './summary.ts'

type Column = readonly [title: string, cell: (row: Row) => string]

const number = (value: number): string =>
  Number.isFinite(value) ? value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: true }) : '-'
const times = (ratio: Ratio | undefined): string =>
  ratio ? `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})` : '-'

const NAME: Column = ['server', ({ server }) => server]
const MEMORY: Column = ['RSS MB', ({ rss }) => number(rss / 1e6)]
const LATENCY: readonly Column[] = [
  ['p50 ms', ({ p50 }) => number(p50)],
  ['p99 ms', ({ p99 }) => number(p99)],
  ['p99.9 ms', ({ p999 }) => number(p999)],
  ['p99 ratio', ({ p99Ratio }) => times(p99Ratio)],
]

const COLUMNS: Readonly<Record<Task['name'], readonly Column[]>> = {
  fan: [
    NAME,
    ['deliveries/s', ({ perSecond }) => number(perSecond)],
    ['CPU s/million', ({ cpuPerMillion }) => number(cpuPerMillion)],
    ['CPU ratio', ({ cpuRatio }) => times(cpuRatio)],
    ['cores', ({ cores }) => cores.toFixed(2)],
    ['a frame', ({ perFrame }) => number(perFrame)],
    ...LATENCY,
    MEMORY,
  ],
  ack: [NAME, ['CPU s/million', ({ cpuPerMillion }) => number(cpuPerMillion)], ...LATENCY, MEMORY],
  idle: [
    NAME,
    ['RSS kB/connection', ({ rssOfConnection }) => number(rssOfConnection / 1e3)],
    ['CPU ms/connection', ({ cpuPerMillion }) => number(cpuPerMillion / 1e3)],
    MEMORY,
  ],
  reconnect: [
    NAME,
    ['back: half ms', ({ p50 }) => number(p50)],
    ['99 of 100 ms', ({ p99 }) => number(p99)],
    ['the last ms', ({ latest }) => number(latest)],
    ['CPU s', ({ cores, latest }) => number((cores * latest) / 1e3)],
    MEMORY,
  ],
}

export function table({ title, name, task }: Scenario, rows: readonly Row[], { absent, failed }: Measured): string {
  const columns = COLUMNS[task.name]
  const cells = [columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)))
  const lines = cells.map((line, at) => {
    const padded = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    const notes = rows[at - 1]?.notes ?? []
    return `${padded.join('  ')}${notes.length > 0 ? `  ${notes.join('; ')}` : ''}`.trimEnd()
  })
  const missing = Object.entries(absent).map(([server, why]) => `${server} is absent: ${why}`)
  const broken = Object.entries(failed).map(([server, why]) => `${server} failed: ${why}`)
  return [`\n${name}: ${title}`, ...lines, ...missing, ...broken].join('\n')
}
