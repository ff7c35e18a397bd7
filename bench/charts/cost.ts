/** What a delivery costs, server by server, in one scenario. */
import type { Entry } from '../results.ts'
import { isParlor } from '../servers/names.ts'
import { summarise } from '../summary.ts'
import { type Chart, OURS, rounded, THEIRS, title } from './chart.ts'

export function cost(scenario: string, entry: Entry): Chart {
  const rows = summarise({ scenario, ...entry, faults: {} }, entry.base)
    .filter(({ cpuPerMillion }) => Number.isFinite(cpuPerMillion))
    .sort((a, b) => b.cpuPerMillion - a.cpuPerMillion)
  const bars = rows.map(({ server, cpuPerMillion }) => ({
    value: rounded(cpuPerMillion),
    itemStyle: { color: isParlor(server) ? OURS : THEIRS },
  }))
  return {
    name: `cost-${scenario}`,
    width: 760,
    height: 100 + rows.length * 26,
    option: {
      title: title('CPU seconds of the server for a million deliveries', `${entry.title}. Less is better`),
      grid: { left: 180, right: 70, top: 64, bottom: 30 },
      xAxis: { type: 'value', splitLine: { lineStyle: { color: '#e2e8f0' } } },
      yAxis: { type: 'category', data: rows.map(({ server }) => server), axisTick: { show: false } },
      series: [{ type: 'bar', data: bars, barWidth: '62%', label: { show: true, position: 'right' } }],
    },
  }
}
