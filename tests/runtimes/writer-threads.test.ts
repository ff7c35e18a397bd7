import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createParlor, serve } from '../../src/runtimes/node/index.ts'
import { unchecked } from '../unchecked.ts'

const MEMBERS = 80
const MESSAGES = 60

/** What a member of the room is sent until it has `MESSAGES` texts. */
async function member(port: number): Promise<{ readonly ws: WebSocket; readonly texts: Promise<readonly string[]> }> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/chat`)
  onTestFinished(() => ws.terminate())
  const texts: string[] = []
  const all = new Promise<readonly string[]>((resolve) => {
    ws.on('message', (data) => {
      if (texts.push(String(data)) === MESSAGES) resolve(texts)
    })
  })
  await once(ws, 'open')
  return { ws, texts: all }
}

test.each([0, 1, 3])('[CHAT-1] a room of 80 hears every text in order, with %i writer threads', async (threads) => {
  const parlor = createParlor({ auth: 'off', writerThreads: threads })
  const app = new Hono().route('/', parlor.routes)
  const { port, stop } = await serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  const members = await Promise.all(Array.from({ length: MEMBERS }, () => member(port)))
  const [speaker, ...others] = members
  for (let i = 0; i < MESSAGES; i++) {
    speaker?.ws.send(`text ${i}`)
    // Flushes of one text, and of several.
    if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const expected = Array.from({ length: MESSAGES }, (_, i) => `text ${i}`)
  for (const { texts } of others) expect(await texts).toEqual(expected)
  await parlor.close()
  await stop()
})

test('options: writerThreads can not be more than 16', () => {
  expect(() => createParlor({ auth: 'off', writerThreads: 17 })).toThrow(
    'writerThreads is 17; it must be a whole number from 0 to 16',
  )
  expect(() => createParlor(unchecked({ auth: 'off', writerThreads: 'auto' }))).toThrow(
    'writerThreads is "auto"; it must be a whole number',
  )
})

test('[ROOM-1] a process with writer threads ends when nothing else keeps it', async () => {
  const script = `
    import { WriterThreads } from './dist/runtimes/node/writer-threads.js'
    new WriterThreads(2, (reason) => { throw reason }).run(64, () => {})
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('[ROOM-1] where a process may have no threads that is told of, and all is written without them', () => {
  const script = `
    import { WriterThreads } from './dist/runtimes/node/writer-threads.js'
    const threads = new WriterThreads(1, (reason) => console.log(reason.code))
    threads.run(9, (first, end) => console.log(first, end))
  `
  const flags = ['--experimental-permission', '--allow-fs-read=*', '--input-type=module', '--eval', script]
  const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  expect(stdout).toBe('ERR_ACCESS_DENIED\n1 9\n0 1\n')
})

test.each([
  ['node_modules/.bin/deno', ['run', '--allow-all', 'src/runtimes/deno/main.ts'], 'Deno'],
  ['node_modules/.bin/bun', ['src/runtimes/bun/main.ts'], 'Bun'],
])('settings: %s %j refuses PARLOR_WRITER_THREADS, which would do nothing', (command, args, name) => {
  const env = { ...process.env, PORT: '0', PARLOR_WRITER_THREADS: '2' }
  const { status, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
  expect(stderr).toContain(`PARLOR_WRITER_THREADS: "2" does nothing on ${name}`)
  expect(status).toBe(1)
})
