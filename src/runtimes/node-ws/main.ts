/** The service on Node over @hono/node-ws: what the contract suite runs. */
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { type Listening, runService } from '../service.ts'
import { createNodeWebSocket, createParlor } from './index.ts'

const app = new Hono()
const nodeWs = createNodeWebSocket({ app })

await runService({
  name: `Node ${process.versions.node}, node-ws`,
  createParlor: (options) => createParlor(nodeWs, options),
  serve: (routes, { port, hostname }) => {
    app.route('/', routes)
    return new Promise<Listening>((resolve, reject) => {
      const server: ServerType = serve({ fetch: app.fetch, port, hostname }, (info) => {
        server.off('error', reject)
        resolve({ port: info.port, stop: () => new Promise((stopped) => server.close(() => stopped())) })
      })
      server.once('error', reject)
      nodeWs.injectWebSocket(server)
    })
  },
})
