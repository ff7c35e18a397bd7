#!/usr/bin/env node
/** The service on Node. */
import { runService } from '../service.ts'
import { createParlor, serve, sqliteAdapter } from './index.ts'

await runService({
  name: `Node ${process.versions.node}`,
  createParlor,
  sqliteAdapter,
  hasWriterThreads: true,
  serve: (app, at) => serve({ fetch: app.fetch, ...at }),
})
