/** Members that joined and read nothing, in a process of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Served } from '../contract/fixtures.ts'
import { MISSING_PYTHON } from './python.ts'

const SCRIPT = fileURLToPath(new URL('stalled-readers.py', import.meta.url))

export interface Crowd {
  /** Ends all of them. */
  end(): Promise<void>
}

/** Answers when all have joined. */
export async function stalledCrowd(served: Served, room: string, count: number): Promise<Crowd> {
  const child = spawn('python3', [SCRIPT, String(served.port), String(count), room], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', () => resolve(MISSING_PYTHON))
    child.once('exit', (code) => resolve(`the stalled readers ended with code ${code}`))
  })
  const joined = once(child.stdout, 'data').then(() => undefined)
  const failure = await Promise.race([joined, ended])
  if (failure !== undefined) throw new Error(failure)
  return {
    end: async () => {
      child.stdin.end()
      await ended
    },
  }
}
