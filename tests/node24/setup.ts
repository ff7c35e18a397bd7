/**
 * Installs Node 24, where it is not there yet, before any test. It is not among the development dependencies of the whole, since npm would put
 * its `node` before the one that runs Parlor's scripts.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export default function setup(): void {
  const here = fileURLToPath(new URL('.', import.meta.url))
  if (existsSync(`${here}node_modules/.package-lock.json`)) return
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
  } catch (reason) {
    // The tests that need it say so; the others need not fail.
    console.warn('Node 24 can not be installed in tests/node24:', reason)
  }
}
