import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'

async function serve(mode: string): Promise<number> {
  const bun = spawn('node_modules/bun/bin/bun.exe', ['tests/runtimes/bun-beside.mjs', mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void bun.kill('SIGKILL'))
  const [line] = await once(createInterface(bun.stdout), 'line')
  return Number(line)
}

/** The first message that a socket gets for `hello`, or the code it is closed with. */
async function answer(port: number, path: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  onTestFinished(() => socket.terminate())
  socket.on('open', () => socket.send('hello'))
  return await Promise.race([
    once(socket, 'message').then(([data]) => String(data)),
    once(socket, 'close').then(([code]) => `closed ${code}`),
  ])
}

const lives = async (port: number): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/health`)).ok

test('[HTTP-5] on Bun, WebSockets of Parlor and of Hono live side by side', async () => {
  const port = await serve('both')
  expect(await answer(port, '/own')).toBe('own hello')
  expect(await answer(port, '/live/echo')).toBe('hello')
  expect(await answer(port, '/live/chat')).toBe('hello')
})

test.each([
  ['ours', '/own', '/live/echo', 'hello'],
  ['theirs', '/live/echo', '/own', 'own hello'],
])(
  '[HTTP-5] with the handlers of one, sockets of the other are closed and the process lives (%s)',
  async (mode, wrong, right, said) => {
    const port = await serve(mode)
    expect(await answer(port, wrong)).toBe('closed 1011')
    expect(await answer(port, right)).toBe(said)
    expect(await lives(port)).toBe(true)
  },
)
