import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

test.each(['start', 'start:deno', 'start:bun', 'start:worker'])(
  '[DRAIN-1] SIGTERM to `npm run %s` stops the server, in order',
  async (script) => {
    // The scripts before it build, which was done.
    const npm = spawn('npm', ['run', '--ignore-scripts', script, '--', '--host', '127.0.0.1', '--port', '0'], {
      env: { ...process.env, PARLOR_AUTH: 'off' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    onTestFinished(() => void killGroup(npm.pid))
    const ended = once(npm, 'close')
    let said = ''
    for await (const line of createInterface(npm.stdout)) {
      said += `${line}\n`
      if (line.includes('listening')) npm.kill('SIGTERM')
    }
    expect(await ended).toEqual([0, null])
    // An object has no word for its end.
    if (script !== 'start:worker') expect(said).toMatch(/parlor: stopped/)
  },
)

/** Whatever is left of a process and those that it started. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // None is.
  }
}
