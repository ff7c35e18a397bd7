/** The SDK from its source, on the WebSocket that each runtime has. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { onBun, onDeno, onNode24 } from '../adapters/sqlite/runtimes.ts'
import { node } from '../contract/fixtures.ts'
import { own } from '../contract/ground.ts'
import { token } from '../contract/peer.ts'
import { proxy } from './proxy.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = 'tests/client/native.ts'
const RUNTIMES = [onNode24, onDeno, onBun].map((runtime) => [runtime.name, runtime] as const)

describe('the SDK on a WebSocket of the platform', { timeout: 30_000 }, () => {
  test.each(RUNTIMES)(
    '[SDK-1] [SDK-20] %s: publishes, is cut, comes back, and has heard everything once',
    async (_, runtime) => {
      const served = await own(node, { PARLOR_DRAIN_WINDOW: '100ms' })
      const line = await proxy(() => served.port)
      onTestFinished(() => line.close())
      const { file, args } = runtime.command([PROGRAM, `ws://127.0.0.1:${line.port}/ws`, await token({ sub: 'ann' })])
      const child = spawn(file, args, { cwd: ROOT })
      let out = ''
      let err = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        if (out === 'cut\n') line.cut()
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        err += text
      })
      const code = await new Promise((resolve) => child.once('exit', resolve))
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(JSON.parse(out.split('\n')[1] ?? '')).toEqual({
        heard: ['one', 'two'],
        missed: [],
        states: ['open', 'waiting', 'connecting', 'open', 'closed'],
        offset: 2,
        after: [true],
      })
    },
  )
})
