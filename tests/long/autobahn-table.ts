/** What the expectations come to, as docs/conformance.md shows it. */
import type { Verdicts } from './kosoku.ts'

export type Expected = Readonly<Record<string, Verdicts>>

const GROUPS: readonly (readonly [string, string])[] = [
  ['1.1', 'text'],
  ['1.2', 'binary'],
  ['2', 'pings and pongs'],
  ['3', 'reserved bits'],
  ['4', 'opcodes'],
  ['5', 'fragments'],
  ['6', 'UTF-8'],
  ['7', 'closing'],
  ['9.1', 'large text'],
  ['9.2', 'large binary'],
  ['9.3', 'large text in fragments'],
  ['9.4', 'large binary in fragments'],
  ['9.5', 'text in small pieces'],
  ['9.6', 'binary in small pieces'],
  ['9.7', '1,000 texts'],
  ['9.8', '1,000 binaries'],
  ['10', 'text in frames of the client’s choice'],
]

const SHORT: Readonly<Record<string, string>> = {
  OK: 'OK',
  'NON-STRICT': 'non-strict',
  INFORMATIONAL: 'informational',
  FAILED: 'failed',
}

export function tableOf(expected: Expected): string {
  const runtimes = Object.entries(expected)
  const row = (title: string, prefix: string): string =>
    `| ${title} | ${runtimes.map(([, verdicts]) => summary(verdicts, prefix)).join(' | ')} |`
  return [
    `| cases | ${runtimes.map(([name]) => name).join(' | ')} |`,
    `|---|${'---|'.repeat(runtimes.length)}`,
    ...GROUPS.map(([group, title]) => row(`${group} ${title}`, `${group}.`)),
    row('all', ''),
  ].join('\n')
}

/** e.g. `141 OK, 4 non-strict`. */
function summary(verdicts: Verdicts, prefix: string): string {
  const found = Object.entries(verdicts).filter(([id]) => id.startsWith(prefix))
  const counts = Object.entries(SHORT).map(([verdict, word]) => {
    const count = found.filter(([, actual]) => actual === verdict || actual.startsWith(`${verdict} `)).length
    return count > 0 ? `${count} ${word}` : ''
  })
  return counts.filter((text) => text !== '').join(', ')
}
