/** The service on Deno. */
import { openSqlite } from '../node-sqlite.ts'
import { runService } from '../service.ts'
import { createParlor, serve } from './index.ts'

await runService({
  name: `Deno ${Deno.version.deno}`,
  createParlor,
  openSqlite,
  hasWriterThreads: false,
  serve: (app, at) => serve({ fetch: app.fetch, ...at }),
})
