/** What the figures were measured on: nothing that names the machine. */
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { BUN, DENO, NODE } from './paths.ts'

export type Machine = Readonly<Record<string, string | number>>

export function machine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGB: Math.round(totalmem() / 1e9),
    kernel: release().replace(/^(\d+\.\d+).*$/, '$1'),
    node: version(NODE, '--version'),
    deno: version(DENO, '--version'),
    bun: version(BUN, '--version'),
    rust: version('rustc', '--version'),
    go: version('go', 'version'),
  }
}

function version(file: string, flag: string): string {
  const { stdout } = spawnSync(file, [flag], { encoding: 'utf8' })
  return /\d+\.\d+(\.\d+)?/.exec(stdout ?? '')?.[0] ?? 'none'
}
