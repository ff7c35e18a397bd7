import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import type { AdapterEvents } from '../../../src/core/broadcast-adapter.ts'
import { RequestError } from '../../../src/core/errors.ts'
import { ERROR_CODES } from '../../../src/core/protocol.ts'
import type { SqliteRuntime } from './runtimes.ts'
import { type Ask, onLines, Told } from './wire.ts'

const HOST = fileURLToPath(new URL('host.ts', import.meta.url))

interface Waiting {
  resolve(result: unknown): void
  reject(reason: Error): void
}

/** A process that runs `host.ts`. */
export class HostProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Map<number, AdapterEvents>()
  readonly #exited: Promise<void>
  #calls = 0
  #adapters = 0
  #stderr = ''
  #isDead = false

  constructor({ command, binding }: SqliteRuntime) {
    const { file, args } = command([HOST, binding])
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } })
    const kill = (): void => void this.#child.kill('SIGKILL')
    process.once('exit', kill)
    const { stdout, stderr, stdin } = this.#child
    // What is written to a process that was killed.
    stdin?.on('error', () => {})
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    if (stdout) onLines(stdout, (line) => this.#hear(v.parse(Told, JSON.parse(line))))
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', () => {
        process.off('exit', kill)
        this.#isDead = true
        for (const { reject } of this.#waiting.values()) reject(new Error(`the host ended: ${this.#stderr}`))
        this.#waiting.clear()
        resolve()
      })
    })
  }

  /** What the adapters logged. */
  get logged(): string {
    return this.#stderr
  }

  /** A number for one more adapter. */
  newAdapter(): number {
    return ++this.#adapters
  }

  listen(adapter: number, events: AdapterEvents): void {
    this.#listeners.set(adapter, events)
  }

  async ask<T>(adapter: number, schema: v.GenericSchema<unknown, T>, ask: Ask): Promise<T> {
    const id = ++this.#calls
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.#isDead) reject(new Error(`the host has ended: ${this.#stderr}`))
      else this.#waiting.set(id, { resolve, reject })
    })
    this.#child.stdin?.write(`${JSON.stringify({ ...ask, id, adapter })}\n`)
    return v.parse(schema, await answer)
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #hear(told: Told): void {
    if ('publications' in told) {
      this.#listeners.get(told.adapter)?.deliver(told.room, told.epoch, told.publications)
      return
    }
    const waiting = this.#waiting.get(told.id)
    this.#waiting.delete(told.id)
    if (!('error' in told)) return waiting?.resolve(told.result)
    const code = ERROR_CODES.find((known) => known === told.error.code)
    waiting?.reject(code === undefined ? new Error(told.error.message) : new RequestError(code, told.error.message))
  }
}
