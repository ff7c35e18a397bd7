/**
 * Runs the Worker on this machine, in workerd itself: no account, no network. Settings are those of the service; --state DIR keeps the
 * objects' storage, which else goes when this ends.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import workerd from 'workerd'
import { readSettings } from '../dist/runtimes/service-settings.js'

/** ms that workerd has to end by itself. */
const PATIENCE = 1000

/** Storage that is not to be kept need not wait for a disk: workerd syncs every commit. */
const SHM = '/dev/shm'

const root = fileURLToPath(new URL('..', import.meta.url))
const USAGE = 'usage: npm run start:worker -- [--port PORT] [--host HOST] [--state DIR]'
const values = read(process.argv.slice(2))
const env = {
  ...process.env,
  ...(values?.port === undefined ? {} : { PORT: values.port }),
  ...(values?.host === undefined ? {} : { HOST: values.host }),
}

const config = values && settings()
if (config) await serve(config)

function read(args) {
  const options = { port: { type: 'string' }, host: { type: 'string' }, state: { type: 'string' } }
  try {
    return parseArgs({ args, options }).values
  } catch (reason) {
    process.stderr.write(`${reason.message}\n${USAGE}\n`)
    process.exitCode = 1
    return undefined
  }
}

function settings() {
  try {
    const read = readSettings(env)
    if (read.PARLOR_AUTH === 'off' || read.PARLOR_AUTH_SECRET !== '') return read
    fail('PARLOR_AUTH_SECRET is not set (PARLOR_AUTH=off: everybody may connect, without a token)')
  } catch (reason) {
    fail((reason.problems ?? [reason.message]).join('\n  '))
  }
  return undefined
}

function fail(why) {
  process.stderr.write(`Parlor can't start with these settings:\n  ${why}\n`)
  process.exitCode = 1
}

async function serve({ HOST, PORT }) {
  const made = folder()
  const state = resolve(values.state ?? join(made, 'state'))
  mkdirSync(state, { recursive: true })
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  await build({
    entryPoints: [join(root, 'src/runtimes/worker/main.ts')],
    outfile: join(made, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'error',
  })
  const host = HOST.includes(':') ? `[${HOST}]` : HOST
  writeFileSync(join(made, 'config.capnp'), configOf(`${host}:${PORT}`, state))
  const child = spawn(workerd.default, ['serve', join(made, 'config.capnp'), '--control-fd=3'], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    // Sockets are cut: a Worker has no word for its end, and clients resume.
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), PATIENCE).unref()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.once('exit', () => child.kill('SIGKILL'))
  child.once('exit', (code) => process.exit(stopping ? 0 : (code ?? 1)))
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    const port = /"event":"listen".*"port":(\d+)/.exec(text)?.[1]
    if (port === undefined) return
    const at = `http://${HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : host}:${port}`
    const query = config.PARLOR_AUTH === 'off' ? '' : '?token=<token>'
    process.stdout.write(`Parlor (workerd) is listening on ${at}\n\n  chat page   ${at}/${query}\n`)
  })
}

/** A folder of this process. Those of processes that could not clean up go. */
function folder() {
  const parent = existsSync(SHM) ? SHM : tmpdir()
  for (const name of readdirSync(parent)) {
    const pid = /^parlor-worker-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true })
  }
  return mkdtempSync(join(parent, `parlor-worker-${process.pid}-`))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (reason) {
    return reason.code === 'EPERM'
  }
}

/** What wrangler.toml says, as workerd's own configuration. */
function configOf(address, state) {
  const toml = readFileSync(join(root, 'wrangler.toml'), 'utf8')
  const date = /^compatibility_date = "(.*)"$/m.exec(toml)?.[1]
  const flags = /^compatibility_flags = \[(.*)\]$/m.exec(toml)?.[1] ?? ''
  const names = Object.keys(env).filter((name) => /^PARLOR_\w+$/.test(name))
  const bindings = names.map((name) => `(name = "${name}", fromEnvironment = "${name}")`)
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "parlor", worker = .worker),
    (name = "state", disk = (path = ${JSON.stringify(state)}, writable = true)),
  ],
  sockets = [(name = "http", address = ${JSON.stringify(address)}, http = (), service = "parlor")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = [${flags}],
  bindings = [(name = "PARLOR", durableObjectNamespace = "ParlorObject"), ${bindings.join(', ')}],
  durableObjectNamespaces = [(className = "ParlorObject", uniqueKey = "parlor", enableSql = true)],
  durableObjectStorage = (localDisk = "state"),
);
`
}
