/** CPU and p99 over what is offered, by server: what lingering changes. */
import type { Entry, Results } from '../results.ts'
import { median } from '../summary.ts'
import { type Chart, rounded, title } from './chart.ts'

interface Point {
  readonly rate: number
  readonly entry: Entry
}

const COLORS = ['#94a3b8', '#0f766e', '#d97706', '#7c3aed', '#be123c']
const GRIDS = [
  { left: 70, width: 370, top: 92, height: 250 },
  { left: 530, width: 370, top: 92, height: 250 },
]

/** The curve for rooms of this size, unless none was measured. */
export function curve(members: number, results: Results): Chart[] {
  const points = pointsOf(members, results)
  if (points.length < 2) return []
  const servers = [...new Set(points.flatMap(({ entry }) => Object.keys(entry.runs)))]
  const cores = servers.map((server, at) => line(server, at, 0, points, ({ cpu }) => cpu?.cores))
  const p99 = servers.map((server, at) => line(server, at, 1, points, ({ latency }) => latency?.p99))
  const axis = { type: 'log', name: 'messages a second', nameLocation: 'middle', nameGap: 26 }
  return [
    {
      name: `linger-${members}`,
      width: 940,
      height: 400,
      option: {
        title: title(
          `${members} members, messages sent evenly`,
          'Left: cores that the server uses. Right: p99 from sending to receipt, ms. Less is better',
        ),
        legend: { top: 12, right: 20 },
        grid: GRIDS,
        xAxis: GRIDS.map((_, gridIndex) => ({ ...axis, gridIndex, logBase: 10, min: 20, max: 1000 })),
        yAxis: [
          { gridIndex: 0, type: 'value', name: 'cores' },
          { gridIndex: 1, type: 'log', name: 'p99 ms' },
        ],
        series: [...cores, ...p99],
      },
    },
  ]
}

function pointsOf(members: number, results: Results): Point[] {
  const named = Object.entries(results).flatMap(([name, entry]) => {
    const rate = new RegExp(`^curve${members}-(\\d+)$`).exec(name)?.[1]
    return rate === undefined ? [] : [{ rate: Number(rate), entry }]
  })
  return named.sort((a, b) => a.rate - b.rate)
}

type Figure = (report: Entry['runs'][string][number]) => number | undefined

function line(server: string, at: number, grid: number, points: readonly Point[], figure: Figure): unknown {
  const data = points.flatMap(({ rate, entry }) => {
    const values = (entry.runs[server] ?? []).map(figure).filter((value) => value !== undefined)
    return values.length > 0 ? [[rate, rounded(median(values))]] : []
  })
  const color = COLORS[at % COLORS.length]
  return { name: server, type: 'line', data, color, symbolSize: 6, xAxisIndex: grid, yAxisIndex: grid }
}
