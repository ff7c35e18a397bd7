import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

test('README: deno task start serves', async () => {
  const task = spawn('node_modules/.bin/deno', ['task', 'start', '--host', '127.0.0.1', '--port', '0'], {
    env: { ...process.env, PARLOR_AUTH: 'off' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  // The task runner and what it runs.
  onTestFinished(() => void process.kill(-(task.pid ?? 0), 'SIGKILL'))
  let said = ''
  for await (const line of createInterface(task.stdout)) {
    said += `${line}\n`
    if (line.includes('listening')) break
  }
  expect(said).toMatch(/listening on http:\/\/127\.0\.0\.1:\d+/)
})
