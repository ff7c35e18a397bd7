import { createParlor, serve } from 'parlor/deno'
import { createShop } from './app.js'

const { app } = createShop(createParlor)
const { port } = serve({ fetch: app.fetch, port: Number(Deno.env.get('PORT') ?? 3001) })
console.log(`the shop is open on http://localhost:${port}`)
