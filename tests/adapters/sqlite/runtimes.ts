/** The runtimes that have SQLite, and how a TypeScript file is run on each. */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const NODE24 = fileURLToPath(new URL('../../node24/node_modules', import.meta.url))

export interface SqliteRuntime {
  readonly name: string
  /** Starts the runtime with these arguments, the first of which is a file of TypeScript or JavaScript. */
  readonly command: (args: readonly string[]) => { readonly file: string; readonly args: readonly string[] }
  /** The module that exports `openSqlite`. */
  readonly binding: string
}

/** Node 24 from npm: `tests/node24/setup.ts` has installed it before any test. */
export function node24(): string {
  const [platform] = existsSync(NODE24) ? readdirSync(NODE24).filter((name) => name.startsWith('node-')) : []
  if (platform === undefined) throw new Error('Node 24 is not there: run `npm ci` in tests/node24')
  return `${NODE24}/${platform}/bin/node`
}

export const onNode24: SqliteRuntime = {
  name: 'Node 24',
  command: (args) => ({ file: node24(), args: ['--disable-warning=ExperimentalWarning', ...args] }),
  binding: `${ROOT}src/runtimes/node-sqlite.ts`,
}

export const onDeno: SqliteRuntime = {
  name: 'Deno',
  command: (args) => ({ file: `${ROOT}node_modules/deno/deno`, args: ['run', '-A', '--cached-only', ...args] }),
  binding: `${ROOT}src/runtimes/node-sqlite.ts`,
}

export const onBun: SqliteRuntime = {
  name: 'Bun',
  command: (args) => ({ file: `${ROOT}node_modules/bun/bin/bun.exe`, args }),
  binding: `${ROOT}src/runtimes/bun/sqlite.ts`,
}
