#!/usr/bin/env node
/** The service on Node. */
import { openSqlite } from '../node-sqlite.ts'
import { runService } from '../service.ts'
import { createParlor, serve } from './index.ts'

await runService({
  name: `Node ${process.versions.node}`,
  createParlor,
  openSqlite,
  hasWriterThreads: true,
  serve: (app, at) => serve({ fetch: app.fetch, ...at }),
})
