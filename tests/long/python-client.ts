/** A process that uses examples/python-client, in an environment of its own under .cache. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { ServerFrame } from '../../src/core/protocol.ts'
import { SECRET } from '../contract/fixtures.ts'
import { shorten, Waiting } from '../contract/waiting.ts'
import { MISSING_PYTHON } from './python.ts'

const HOME = fileURLToPath(new URL('../../.cache/python-client', import.meta.url))
const PYTHON = `${HOME}/bin/python`
const REQUIREMENTS = fileURLToPath(new URL('../../examples/python-client/requirements.txt', import.meta.url))
const SCRIPT = fileURLToPath(new URL('python-client.py', import.meta.url))

const run = promisify(execFile)

/** Installs what the client needs where it is not there yet. */
export async function installClient(): Promise<void> {
  const frozen = await run(PYTHON, ['-m', 'pip', 'freeze']).catch(() => undefined)
  if (frozen?.stdout.trim() === readFileSync(REQUIREMENTS, 'utf8').trim()) return
  try {
    await run('python3', ['-m', 'venv', '--clear', HOME])
  } catch (reason) {
    throw new Error(`${MISSING_PYTHON}. ${String(reason)}`)
  }
  try {
    await run(PYTHON, ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', '-r', REQUIREMENTS])
  } catch (reason) {
    throw new Error(`${REQUIREMENTS} could not be installed (Python 3.11 and a network are needed). ${String(reason)}`)
  }
}

const Happened = v.variant('happened', [
  v.object({ happened: v.literal('token') }),
  v.object({ happened: v.literal('joined'), frame: ServerFrame, session: v.string() }),
  v.object({ happened: v.literal('received'), frame: ServerFrame }),
  v.object({ happened: v.literal('acknowledged'), content: v.string(), ack: ServerFrame }),
  v.object({ happened: v.literal('refused'), content: v.string(), reason: v.array(v.unknown()) }),
  v.object({ happened: v.literal('ended'), code: v.number(), reason: v.string() }),
])
type Happened = v.InferOutput<typeof Happened>
export type What<T extends Happened['happened']> = Extract<Happened, { happened: T }>

export interface ClientOptions {
  /** Of the address to connect to. */
  readonly port: number
  readonly room: string
  /** Seconds that a token lasts. */
  readonly lifetime?: number
  /** Seconds between two pings, and those that a pong may take. */
  readonly ping?: number
  readonly secret?: string
}

export class PythonClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #happened: Happened[] = []
  readonly #waiting: Waiting
  readonly #closed: Promise<unknown>
  #over = false

  constructor({ port, room, lifetime = 3600, ping = 10, secret = SECRET }: ClientOptions) {
    const args = [SCRIPT, `ws://127.0.0.1:${port}/ws`, secret, String(lifetime), String(ping), room]
    const env = { PYTHONDONTWRITEBYTECODE: '1' }
    this.#child = spawn(PYTHON, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#waiting = new Waiting(
      () => this.#over,
      () => shorten(JSON.stringify(this.#happened.slice(-1))),
    )
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#happened.push(v.parse(Happened, JSON.parse(line)))
      this.#waiting.wake()
    })
    this.#closed = once(this.#child, 'close').then(() => {
      this.#over = true
      this.#waiting.wake()
    })
  }

  /** What happened of this kind, from the first on. */
  all<T extends Happened['happened']>(kind: T): readonly What<T>[] {
    return this.#happened.filter((it): it is What<T> => it.happened === kind)
  }

  /** What it received, without what the client adds to it. */
  received(): readonly ServerFrame[] {
    return this.all('received').map(({ frame }) => frame)
  }

  /** Answers when this happened `count` times. */
  async until(kind: Happened['happened'], count = 1, timeout?: number): Promise<void> {
    const take = (): true | undefined => this.all(kind).length >= count || undefined
    await this.#waiting.wait({ what: `${kind} ${count} times`, take, timeout })
  }

  /** The first frame that it received and that fits. */
  receives(what: string, fits: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    return this.#waiting.wait({ what, take: () => this.received().find(fits) })
  }

  publish(count: number): void {
    this.#child.stdin.write(`${count}\n`)
  }

  /** Ends it, once everything is acknowledged that it published. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    await this.#closed
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
