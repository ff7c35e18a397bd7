/** A room on Hono as everyone writes it: upgradeWebSocket, a Set, and a loop over it. */
import { serve, upgradeWebSocket } from '@hono/node-server'
import { Hono } from 'hono'
import { WebSocketServer } from 'ws'

const rooms = new Map()
const app = new Hono()

app.get(
  '/echo',
  upgradeWebSocket(() => ({
    onMessage({ data }, socket) {
      if (typeof data === 'string') socket.send(data)
    },
  })),
)

app.get(
  '/room/:name',
  upgradeWebSocket((context) => {
    const name = context.req.param('name')
    const room = rooms.get(name) ?? new Set()
    rooms.set(name, room)
    return {
      onOpen(_event, socket) {
        room.add(socket)
      },
      onMessage({ data }) {
        if (typeof data !== 'string') return
        for (const other of room) other.send(data)
      },
      onClose(_event, socket) {
        room.delete(socket)
      },
    }
  }),
)

serve({
  fetch: app.fetch,
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  websocket: { server: new WebSocketServer({ noServer: true }) },
})
