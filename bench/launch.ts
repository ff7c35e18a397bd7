/** Servers and the load generator as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { BENCH, binary, CACHE } from './paths.ts'
import { parseReport, type Report } from './report.ts'
import type { Server } from './servers/server.ts'

/** ms for a server to listen, and to end. */
const START = 30_000
const STOP = 5000

/** Thousands of connections are thousands of descriptors: the soft limit is raised to the hard one. */
const LIMIT = ['-c', 'ulimit -n "$(ulimit -Hn)" && exec "$@"', 'sh']

export interface Running {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Throws with the last words of a server that does not listen. */
export async function start({ name, command, env }: Server): Promise<Running> {
  const port = await freePort()
  mkdirSync(join(CACHE, 'logs'), { recursive: true })
  const log = join(CACHE, `logs/${name}.log`)
  const file = openSync(log, 'w')
  const child = spawn('sh', [...LIMIT, ...command(port)], {
    cwd: BENCH,
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file],
  })
  closeSync(file)
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const stop = async (): Promise<void> => {
    await stopped(child)
    process.off('exit', end)
  }
  for (const deadline = performance.now() + START; !(await listens(port)); await setTimeout(50)) {
    if (child.exitCode === null && performance.now() < deadline) continue
    await stop()
    throw new Error(`does not listen: ${readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' ')}`)
  }
  return { port, pid: child.pid ?? 0, stop }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([exited, setTimeout(STOP)])
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await exited
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Runs the load generator. Throws what it complains of. */
export async function generate(job: Readonly<Record<string, unknown>>): Promise<Report> {
  const child = spawn('sh', [...LIMIT, binary('loadgen'), JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const [[line, complaint]] = await Promise.all([said, once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(complaint.trim() || `the load generator ended with ${child.exitCode}`)
  return parseReport(line)
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = ''
  for await (const part of stream) all += `${part}`
  return all
}
