import { createParlor, serve } from 'parlor/node'
import { createShop } from './app.js'

const { app } = createShop(createParlor)
const { port } = await serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3001) })
console.log(`the shop is open on http://localhost:${port}`)
