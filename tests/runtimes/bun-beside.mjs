/** An app on Bun with WebSockets of Parlor's and of Hono's: `bun bun-beside.mjs ours|theirs|both`. Prints its port. */
import { Hono } from 'hono'
import { websocket as theirs, upgradeWebSocket } from 'hono/bun'
import { createParlor, websocket as ours, websocketBeside } from '../../src/runtimes/bun/index.ts'

const handlers = { ours, theirs, both: websocketBeside(theirs) }
const mode = Bun.argv.at(2)
const websocket = mode === 'ours' || mode === 'theirs' ? handlers[mode] : handlers.both

const app = new Hono()
app.get(
  '/own',
  upgradeWebSocket(() => ({ onMessage: (event, socket) => socket.send(`own ${event.data}`) })),
)
app.get('/health', (c) => c.text('ok'))
app.route('/live', createParlor({ auth: 'off' }).routes)
const server = Bun.serve({
  fetch: (request, bun) => app.fetch(request, { server: bun }),
  port: 0,
  websocket: Object.assign({}, websocket),
})
console.log(server.port)
