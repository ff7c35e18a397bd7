import { createParlor, websocket } from 'parlor/bun'
import { createShop } from './app.js'

const { app } = createShop(createParlor)
const server = Bun.serve({ fetch: app.fetch, websocket, port: Number(process.env.PORT ?? 3001) })
console.log(`the shop is open on http://localhost:${server.port}`)
