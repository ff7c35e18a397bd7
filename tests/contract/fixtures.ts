/** The runtimes the contract is run on, each as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PATIENCE } from './waiting.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const SECRET = 'the contract suite signs its tokens with this'

/** What a runtime can hold of the rules that SPEC.md makes depend on it. */
export interface Abilities {
  /** HTTP-2: answers 426 to any other `Upgrade` on every path. Where not: as to an ordinary GET. */
  readonly refusesOtherUpgrades: boolean
  /** ECHO-4, WS-15: leaves the input of a peer that does not read unread. Where not: closes with 4003. */
  readonly pausesReading: boolean
  /** Section 10, 1002 and 1007: sends a close frame on broken framing. Where not: drops the connection. */
  readonly answersBadFraming: boolean
  /** RFC 6455 5.1: refuses unmasked frames. */
  readonly refusesUnmasked: boolean
  /** RFC 6455 5.5: refuses pongs and closes above 125 bytes. */
  readonly refusesLargeControls: boolean
  /** RFC 6455 5.5: refuses pings above 125 bytes. */
  readonly refusesLargePings: boolean
  /** Section 10, 1007: ends a connection whose text is not UTF-8. Where not: reads U+FFFD. */
  readonly checksUtf8: boolean
  /** HTTP-6: reads what a refused client still sends. Where not: the connection may be reset before the client has read the answer. */
  readonly readsOn: boolean
  /** HTTP-3: sees that a handshake is HTTP/1.0. */
  readonly seesHttpVersion: boolean
  /** WS-6, 1009: says so before it closes. */
  readonly answersOversize: boolean
  /** CONN-2: ends a message that never ends. Deno keeps all fragments of one, without a limit. */
  readonly boundsFragments: boolean
  /** BEAT-2: the server's own heartbeat (4001). Where not: the runtime's (1001). */
  readonly ownHeartbeat: boolean
  /** BEAT-1, BEAT-2: pings silent peers. */
  readonly pings: boolean
  /** HTTP-1: the answer 426 may name what to upgrade to. */
  readonly namesUpgrade: boolean
  /** CONN-4: reads nothing more of a peer that it has closed. Where not: what had been sent by then still takes its time. */
  readonly dropsInput: boolean
  /** HTTP-3: hears at once of a peer that went away before its handshake was answered. */
  readonly hearsEarlyResets: boolean
  /** Refuses a handshake whose `Connection` does not say `Upgrade`. */
  readonly seesConnection: boolean
  /** LIMIT-1: all connections are counted together. Where not: those of each object. */
  readonly countsAll: boolean
  /** LIMIT-1: knows the peer's address. On Cloudflare it comes in a header. */
  readonly seesAddress: boolean
  /** ROOM-5, CHAT-3: sees that a peer does not read. Where not: more than the rate of a socket is taken for it. */
  readonly seesStalls: boolean
  /** DRAIN-1: hears that it is to stop. */
  readonly drains: boolean
  /** Ends the TCP connection of a peer whose first frame is a close or broken. workerd does so only after another frame. */
  readonly endsUnspoken: boolean
  /** Section 10: ends the TCP connection after it has closed for broken framing. Where not: leaves that to the peer. */
  readonly endsBroken: boolean
}

export interface Fixture {
  readonly name: string
  readonly runtime: 'node' | 'node-ws' | 'deno' | 'bun' | 'worker'
  readonly can: Abilities
  /** Members come with `/ws?room=`. */
  readonly direct?: boolean
  /** It serves from a process that it starts: that one's memory counts, and it goes with it. */
  readonly isParent?: boolean
  readonly command: (args: readonly string[]) => { readonly file: string; readonly args: readonly string[] }
}

const ALL: Abilities = {
  refusesOtherUpgrades: true,
  pausesReading: true,
  answersBadFraming: true,
  refusesUnmasked: true,
  refusesLargeControls: true,
  refusesLargePings: true,
  checksUtf8: true,
  readsOn: true,
  seesHttpVersion: true,
  answersOversize: true,
  boundsFragments: true,
  ownHeartbeat: true,
  pings: true,
  namesUpgrade: true,
  dropsInput: true,
  hearsEarlyResets: true,
  seesConnection: true,
  countsAll: true,
  seesAddress: true,
  seesStalls: true,
  drains: true,
  endsUnspoken: true,
  endsBroken: true,
}

export const node: Fixture = {
  name: 'Node (node-server)',
  runtime: 'node',
  can: ALL,
  command: (args) => ({ file: process.execPath, args: ['dist/runtimes/node/main.js', ...args] }),
}

export const nodeWs: Fixture = {
  name: 'Node (node-ws)',
  runtime: 'node-ws',
  can: ALL,
  command: (args) => ({ file: process.execPath, args: ['dist/runtimes/node-ws/main.js', ...args] }),
}

export const deno: Fixture = {
  name: 'Deno',
  runtime: 'deno',
  can: {
    ...ALL,
    refusesOtherUpgrades: false,
    pausesReading: false,
    answersBadFraming: false,
    refusesUnmasked: false,
    refusesLargeControls: false,
    readsOn: false,
    seesHttpVersion: false,
    answersOversize: false,
    boundsFragments: false,
    ownHeartbeat: false,
  },
  // The package's own executable: its shim would not pass signals on.
  command: (args) => ({
    file: 'node_modules/deno/deno',
    args: ['run', '-A', '--cached-only', 'src/runtimes/deno/main.ts', ...args],
  }),
}

export const bun: Fixture = {
  name: 'Bun',
  runtime: 'bun',
  can: { ...ALL, refusesOtherUpgrades: false, pausesReading: false, answersBadFraming: false, seesHttpVersion: false },
  command: (args) => ({ file: 'node_modules/bun/bin/bun.exe', args: ['src/runtimes/bun/main.ts', ...args] }),
}

export const worker: Fixture = {
  name: 'Workers (workerd)',
  runtime: 'worker',
  can: {
    ...ALL,
    refusesOtherUpgrades: false,
    pausesReading: false,
    seesHttpVersion: false,
    answersBadFraming: false,
    refusesUnmasked: false,
    refusesLargeControls: false,
    refusesLargePings: false,
    checksUtf8: false,
    readsOn: false,
    answersOversize: false,
    boundsFragments: false,
    ownHeartbeat: false,
    pings: false,
    namesUpgrade: false,
    dropsInput: false,
    hearsEarlyResets: false,
    seesConnection: false,
    countsAll: false,
    seesAddress: false,
    seesStalls: false,
    drains: false,
    endsUnspoken: false,
    endsBroken: false,
  },
  isParent: true,
  command: (args) => ({ file: process.execPath, args: ['scripts/start-worker.mjs', ...args] }),
}

/** With every member in its room's own object. */
export const workerDirect: Fixture = { ...worker, name: `${worker.name}, direct`, direct: true }

export type Environment = Readonly<Record<string, string>>

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Served {
  readonly direct?: boolean
  readonly url: string
  readonly port: number
  readonly pid: number
  stdout(): string
  /** What the process said, where it has ended. */
  died(): string | undefined
  signal(signal: NodeJS.Signals): void
  exited(timeout?: number): Promise<Exit>
  stop(signal?: NodeJS.Signals): Promise<Exit>
}

export async function start(fixture: Fixture, environment: Environment = {}): Promise<Served> {
  const { file, args } = fixture.command(['--port', '0', '--host', '127.0.0.1'])
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], PARLOR_AUTH_SECRET: SECRET, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: fixture.isParent === true,
  })
  let died = false
  const signal = (name: NodeJS.Signals): void => {
    // What it has started hears of no SIGKILL, unless it goes to all of them.
    if (died) return
    if (fixture.isParent && name === 'SIGKILL' && child.pid !== undefined) {
      process.kill(-child.pid, name)
    } else child.kill(name)
  }
  // A worker that is stopped in the middle of a test leaves no server behind.
  const kill = (): void => signal('SIGKILL')
  process.once('exit', kill)

  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = new Promise<Exit>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once('exit', (code, signal) => {
      process.off('exit', kill)
      died = true
      resolve({ code, signal })
    })
  })
  const { url, port } = await listening(child, exit, () => `${stdout}${stderr}`)

  return {
    url,
    port,
    direct: fixture.direct === true,
    pid: fixture.isParent ? childOf(child.pid ?? -1) : (child.pid ?? -1),
    stdout: () => stdout,
    died: () => (died ? `${stdout}${stderr}` : undefined),
    signal,
    exited: (timeout = PATIENCE) => within(exit, timeout, () => `the process did not exit: ${stdout}${stderr}`),
    async stop(name = 'SIGKILL') {
      signal(name)
      return await within(exit, 2 * PATIENCE, () => `the process did not exit on ${name}: ${stdout}${stderr}`)
    },
  }
}

/** The process that a process has started, besides helpers that came and went. */
function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return Number(children.at(-1))
}

function listening(
  child: ChildProcess,
  exit: Promise<Exit>,
  output: () => string,
): Promise<{ readonly url: string; readonly port: number }> {
  const found = new Promise<{ url: string; port: number }>((resolve, reject) => {
    const look = (): void => {
      const match = /listening on (http:\/\/127\.0\.0\.1:(\d+))/i.exec(output())
      if (match?.[1] !== undefined) resolve({ url: match[1], port: Number(match[2]) })
    }
    child.stdout?.on('data', look)
    void exit.then((how) => reject(new Error(`the service ended with ${JSON.stringify(how)}: ${output()}`)))
  })
  return within(found, 2 * PATIENCE, () => `the service did not say where it listens: ${output()}`)
}

function within<T>(promise: Promise<T>, timeout: number, message: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(message())), timeout)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
