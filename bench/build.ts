/** Builds what the chosen servers need. What can't be built is absent, and it is said why; only the load generator has to be there. */
import { spawnSync } from 'node:child_process'
import { CACHE, CARGO, NODE, peer, ROOT } from './paths.ts'
import { CENTRIFUGE } from './servers/peers.ts'
import type { Part } from './servers/server.ts'

interface Step {
  readonly command: readonly [string, ...string[]]
  /** Relative to the project. */
  readonly folder: string
  /** What to do where the command is not there. */
  readonly install: string
}

const RUST = 'install Rust: cargo from your distribution (Debian 12: apt-get install cargo-web) or rustup.rs'
const GO = 'install Go 1.26 or later'
const cargo = (folder: string): Step => ({
  command: ['cargo', 'build', '--release', '--locked', '--quiet', '--target-dir', CARGO],
  folder,
  install: RUST,
})

const STEPS: Readonly<Record<Part, Step>> = {
  loadgen: cargo('bench/loadgen'),
  axum: cargo('bench/peers/axum'),
  parlor: { command: ['npm', 'run', '--silent', 'build'], folder: '.', install: 'install Node with npm' },
  packages: {
    command: ['npm', 'ci', '--silent', '--no-audit', '--no-fund'],
    folder: 'bench',
    install: 'install Node with npm',
  },
  centrifuge: { command: ['go', 'build', '-o', CENTRIFUGE, '.'], folder: 'bench/peers/centrifuge', install: GO },
  partyserver: {
    command: [NODE, peer('partyserver/build.mjs'), CACHE],
    folder: '.',
    install: 'install Node',
  },
}

/** Why a part is not there; undefined: it is. Every part is built once. */
export class Builds {
  readonly #done = new Map<Part, string | undefined>()

  missing(parts: readonly Part[]): string | undefined {
    return parts.map((part) => this.#build(part)).find((why) => why !== undefined)
  }

  #build(part: Part): string | undefined {
    if (!this.#done.has(part)) this.#done.set(part, run(part, STEPS[part]))
    return this.#done.get(part)
  }
}

function run(part: Part, { command: [file, ...args], folder, install }: Step): string | undefined {
  console.log(`building: ${part}`)
  const { error, status, stderr } = spawnSync(file, args, { cwd: `${ROOT}/${folder}`, encoding: 'utf8' })
  if (error) return `${file} could not be run (${error.message}): ${install}`
  if (status === 0) return undefined
  return `${[file, ...args.slice(0, 2)].join(' ')} in ${folder} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`
}
