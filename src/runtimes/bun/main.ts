/** The service on Bun. */
import { runService } from '../service.ts'
import { createParlor, serve } from './index.ts'
import { openSqlite } from './sqlite.ts'

await runService({
  name: `Bun ${Bun.version}`,
  createParlor,
  openSqlite,
  hasWriterThreads: false,
  serve: (app, at) => serve({ fetch: app.fetch, ...at }),
})
