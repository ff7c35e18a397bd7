/** The service on Bun. */
import { runService } from '../service.ts'
import { createParlor, serve } from './index.ts'

await runService({ name: `Bun ${Bun.version}`, createParlor, serve: (app, at) => serve({ fetch: app.fetch, ...at }) })
