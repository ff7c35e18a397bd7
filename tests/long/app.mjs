// An application with Parlor in it, on whichever runtime runs this file, and what only its inside can tell or do.
import process from 'node:process'
import { Hono } from 'hono'

const runtime = 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node'
const { createParlor, serve } = await import(`../../dist/runtimes/${runtime}/index.js`)

/** ms. */
const { HISTORY_TTL = '300000', HEARTBEAT_INTERVAL = '30000' } = process.env
const parlor = createParlor({
  auth: 'off',
  history: { ttl: Number(HISTORY_TTL) },
  heartbeat: { interval: Number(HEARTBEAT_INTERVAL) },
})
const app = new Hono()

app.get('/inside/stats', async (c) => {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return c.json({ ...parlor.stats(), heap: process.memoryUsage().heapUsed })
})

// All of them within one turn of the event loop.
app.post('/inside/burst', async (c) => {
  const room = c.req.query('room')
  const published = []
  for (let at = 1; at <= Number(c.req.query('count')); at++) {
    published.push(parlor.publish(room, { kind: 'chat', content: `${at} ${'x'.repeat(100)}` }))
  }
  await Promise.all(published)
  return c.json({ published: published.length })
})

app.route('/', parlor.routes)
const { port } = await serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
console.log(`listening on http://127.0.0.1:${port}`)
