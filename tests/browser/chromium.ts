import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Quiet, alone, and fit for a container. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where a Chromium is: `CHROMIUM_PATH`, else on the PATH, else installed with apt-get where we may. None is a failure. */
export function findChromium(): string {
  const given = process.env['CHROMIUM_PATH']
  if (given !== undefined && given !== '') {
    if (isExecutable(given)) return given
    throw new Error(`CHROMIUM_PATH is "${given}", which is no program that can be run`)
  }
  return onPath(NAMES) ?? install()
}

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: findChromium(), headless: true, args: ARGS })

function install(): string {
  const why =
    'No browser for the tests: neither CHROMIUM_PATH nor chromium, chromium-browser or google-chrome on the PATH.'
  const what =
    'Install one (Debian, Ubuntu: "apt-get install chromium") or set CHROMIUM_PATH to the path of a Chromium or Chrome.'
  if (process.getuid?.() !== 0 || onPath(['apt-get']) === undefined) throw new Error(`${why} ${what}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', ['update'], { stdio: 'inherit', env })
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { stdio: 'inherit', env })
  } catch (cause) {
    throw new Error(`${why} Installing it with apt-get failed. ${what}`, { cause })
  }
  const found = onPath(NAMES)
  if (found === undefined) throw new Error(`${why} apt-get installed no program of these names. ${what}`)
  return found
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable)
    if (found !== undefined) return found
  }
  return undefined
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
