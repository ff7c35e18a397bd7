/** The service on Node over @hono/node-ws: what the contract suite runs. */
import { Server } from 'node:http'
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { stopping } from '../node/index.ts'
import { openSqlite } from '../node-sqlite.ts'
import { type Listening, runService } from '../service.ts'
import { createNodeWebSocket, createParlor } from './index.ts'

const app = new Hono()
const nodeWs = createNodeWebSocket({ app })

await runService({
  name: `Node ${process.versions.node}, node-ws`,
  createParlor: (options) => createParlor(nodeWs, options),
  openSqlite,
  hasWriterThreads: true,
  serve: (routes, { port, hostname }) => {
    app.route('/', routes)
    return new Promise<Listening>((resolve, reject) => {
      const server: ServerType = serve({ fetch: app.fetch, port, hostname }, (info) => {
        server.off('error', reject)
        if (server instanceof Server) resolve({ port: info.port, ...stopping(server) })
      })
      server.once('error', reject)
      nodeWs.injectWebSocket(server)
    })
  },
})
