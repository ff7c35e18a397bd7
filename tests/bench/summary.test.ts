import { describe, expect, test } from 'vitest'
import { faults, type Report } from '../../bench/report.ts'
import { SCENARIOS, small } from '../../bench/scenarios.ts'
import { SERVERS } from '../../bench/servers/index.ts'
import { can } from '../../bench/servers/server.ts'
import { summarise } from '../../bench/summary.ts'

const report = (perMillion: number, p99: number, rest: Partial<Report> = {}): Report => ({
  seconds: 1,
  published: 10,
  deliveries: 1000,
  frames: 500,
  cpu: { user: 0.1, system: 0.1, perMillion, cores: 0.2 },
  latency: { p50: 1, p99, p999: p99, max: p99 },
  rssBefore: 1_000_000,
  rss: 3_000_000,
  rssPeak: 3_000_000,
  lost: 0,
  reordered: 0,
  duplicate: 0,
  damaged: 0,
  closed: 0,
  givenUp: 0,
  connections: 100,
  recovered: null,
  generatorCores: 0.1,
  generatorBound: false,
  machineCores: 0.3,
  stolenCores: 0,
  ...rest,
})

const nothing = { scenario: 'x', absent: {}, failed: {}, faults: {} }

describe('benchmarks: what becomes of the runs', () => {
  test('a ratio is taken within each repetition, and its spread is told', () => {
    const runs = {
      base: [report(2, 10), report(4, 10), report(8, 10)],
      other: [report(1, 20), report(1, 10), report(6, 5)],
    }
    const [, row] = summarise({ ...nothing, runs }, 'base')
    expect(row?.cpuRatio).toEqual({ median: 0.5, least: 0.25, most: 0.75 })
    expect(row?.p99Ratio).toEqual({ median: 1, least: 0.5, most: 2 })
    expect(row).toMatchObject({ cpuPerMillion: 1, perFrame: 2, rssOfConnection: 20_000, notes: [] })
  })

  test('without the server to compare with there are no ratios', () => {
    const [row] = summarise({ ...nothing, runs: { other: [report(1, 1)] } }, 'base')
    expect(row).not.toHaveProperty('cpuRatio')
  })

  test('what makes a figure doubtful stands beside it', () => {
    const runs = { one: [report(1, 1, { generatorBound: true, stolenCores: 0.2, givenUp: 3 })] }
    expect(summarise({ ...nothing, runs }, 'one', 2000)[0]?.notes).toEqual([
      '3 messages given up after 2 s',
      'could not keep up',
      'the generator was the bottleneck (1 of 1)',
      'CPU was stolen (1 of 1)',
    ])
  })

  test('what is lost, reordered, repeated, damaged or not recovered is a fault', () => {
    expect(faults(report(1, 1, { lost: 2, reordered: 1, recovered: 100 }), 20)).toEqual(['2 lost', '1 reordered'])
    expect(faults(report(1, 1, { recovered: 99 }), 20)).toEqual(['1 not recovered'])
    expect(faults(report(1, 1), 0)).toEqual([])
  })

  test('every scenario names servers that there are and that can do what it is about', () => {
    const isWrong = (server: string, needs: (typeof SCENARIOS)[number]['needs']): boolean => {
      const found = SERVERS.get(server)
      return !found || !can(found, needs)
    }
    const wrong = SCENARIOS.flatMap((scenario) => [scenario, small(scenario)]).flatMap(({ name, servers, needs }) =>
      servers.filter((server) => isWrong(server, needs)).map((server) => `${name}: ${server}`),
    )
    expect(wrong).toEqual([])
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
  })
})
