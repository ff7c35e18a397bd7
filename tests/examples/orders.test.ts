import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const runtimes = [
  { name: 'Node', command: [process.execPath, 'examples/orders/node.js'] },
  { name: 'Deno', command: ['node_modules/deno/deno', 'run', '-A', '--cached-only', 'examples/orders/deno.js'] },
  { name: 'Bun', command: ['node_modules/.bin/bun', 'examples/orders/bun.js'] },
] as const

describe.each(runtimes)('the orders example on $name', ({ command: [file, ...args] }) => {
  let shop: ChildProcess
  let url: string

  beforeAll(async () => {
    const child = spawn(file, args, {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    shop = child
    const [line] = await once(createInterface(child.stdout), 'line')
    url = String(line)
      .replace(/.*(http:\/\/localhost:\d+).*/, '$1')
      .replace('localhost', '127.0.0.1')
  })

  afterAll(() => {
    shop.kill('SIGKILL')
  })

  async function connected(room: string, token: string): Promise<() => Promise<string>> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/live/ws?token=${token}&room=${encodeURIComponent(room)}`)
    const texts: string[] = []
    const waiting: ((text: string) => void)[] = []
    socket.on('message', (data) => {
      const text = String(data)
      const next = waiting.shift()
      if (next) next(text)
      else texts.push(text)
    })
    await once(socket, 'open')
    return () => {
      const text = texts.shift()
      return text === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(text)
    }
  }

  test('its own routes answer beside those of Parlor', async () => {
    expect(await (await fetch(`${url}/`)).text()).toContain('The shop')
    expect(await (await fetch(`${url}/live/health`)).text()).toBe('ok')
    expect((await fetch(`${url}/live/ws`)).status).toBe(401)
    expect((await fetch(`${url}/live/`)).status).toBe(404)
  })

  test('an order that is posted reaches the customer at once', async () => {
    const next = await connected('orders:ada', 'k-ada')
    expect(await next()).toContain('"welcome"')
    expect(await next()).toContain('"joined"')
    const answer = await fetch(`${url}/orders/ada`, { method: 'POST', body: '{"item":"tea"}' })
    expect(answer.status).toBe(201)
    expect(JSON.parse(await next())).toMatchObject({
      type: 'event',
      room: 'orders:ada',
      offset: 1,
      from: { id: 'server' },
      name: 'ordered',
      data: { item: 'tea' },
    })
  })

  test("nobody joins another customer's room", async () => {
    const next = await connected('orders:eve', 'k-ada')
    expect(await next()).toContain('"welcome"')
    expect(JSON.parse(await next())).toMatchObject({ type: 'error', code: 'forbidden', room: 'orders:eve' })
  })
})
