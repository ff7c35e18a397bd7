/** Autobahn's cases, run by kosoku from PyPI in an environment of its own under .cache. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import type { Served } from '../contract/fixtures.ts'
import { MISSING_PYTHON } from './python.ts'

const VERSION = '0.1.0'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const HOME = `${ROOT}.cache/kosoku`
const PYTHON = `${HOME}/bin/python`
const SCRIPT = fileURLToPath(new URL('autobahn.py', import.meta.url))
/** ms. A run takes half a minute. */
const LIMIT = 240_000

const run = promisify(execFile)

/** Case by case: the verdict, and where the case is passed the code of the server's close frame. */
export type Verdicts = Readonly<Record<string, string>>

const Results = v.record(
  v.string(),
  v.object({ behavior: v.string(), close: v.string(), code: v.nullable(v.number()) }),
)

/** Installs kosoku where it is not there yet. */
export async function installKosoku(): Promise<void> {
  if (existsSync(PYTHON) && (await isInstalled())) return
  try {
    await run('python3', ['-m', 'venv', '--clear', HOME])
  } catch (reason) {
    throw new Error(`${MISSING_PYTHON}. ${String(reason)}`)
  }
  try {
    await run(PYTHON, ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', `kosoku==${VERSION}`])
  } catch (reason) {
    throw new Error(`kosoku ${VERSION} could not be installed from PyPI (is there a network?). ${String(reason)}`)
  }
}

async function isInstalled(): Promise<boolean> {
  const ask = "import importlib.metadata as m; print(m.version('kosoku'))"
  const found = await run(PYTHON, ['-c', ask]).catch(() => undefined)
  return found?.stdout.trim() === VERSION
}

/** Every case but those of compression, against `/echo`. */
export async function runAutobahn(served: Served): Promise<Verdicts> {
  const { stdout } = await run(PYTHON, [SCRIPT, `127.0.0.1:${served.port}/echo`], {
    timeout: LIMIT,
    maxBuffer: 1 << 24,
  })
  const results = v.parse(Results, JSON.parse(stdout))
  return Object.fromEntries(Object.entries(results).map(([id, result]) => [id, verdictOf(result)]))
}

function verdictOf({ behavior, close, code }: v.InferOutput<typeof Results>[string]): string {
  const verdict = close === behavior || behavior !== 'OK' ? behavior : `${behavior}, close ${close}`
  // Where a case failed, or leaves open what is right, the end depends on what was on its way.
  return behavior === 'FAILED' || behavior === 'INFORMATIONAL' ? verdict : `${verdict} ${code ?? 'no code'}`
}
