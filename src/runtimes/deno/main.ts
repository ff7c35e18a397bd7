/** The service on Deno. */
import { runService } from '../service.ts'
import { createParlor, serve, sqliteAdapter } from './index.ts'

await runService({
  name: `Deno ${Deno.version.deno}`,
  createParlor,
  sqliteAdapter,
  hasWriterThreads: false,
  serve: (app, at) => serve({ fetch: app.fetch, ...at }),
})
