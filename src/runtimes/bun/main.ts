/** The service on Bun. */
import { runService } from '../service.ts'
import { createParlor, serve, sqliteAdapter } from './index.ts'

await runService({
  name: `Bun ${Bun.version}`,
  createParlor,
  sqliteAdapter,
  hasWriterThreads: false,
  serve: (app, at) => serve({ fetch: app.fetch, ...at }),
})
