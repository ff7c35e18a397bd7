/** A room on ws as everyone writes it: a Set, and a loop over it. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const rooms = new Map()
const sockets = new WebSocketServer({ noServer: true })

function member(socket, name) {
  const room = rooms.get(name) ?? new Set()
  rooms.set(name, room.add(socket))
  socket.on('message', (data, isBinary) => {
    if (isBinary) return
    const text = data.toString()
    for (const other of room) other.send(text)
  })
  socket.on('close', () => {
    room.delete(socket)
    if (room.size === 0) rooms.delete(name)
  })
}

function echo(socket) {
  socket.on('message', (data, isBinary) => {
    if (!isBinary) socket.send(data.toString())
  })
}

const server = createServer((_request, response) => response.end('ok'))
server.on('upgrade', (request, stream, head) => {
  sockets.handleUpgrade(request, stream, head, (socket) => {
    socket.on('error', () => {})
    if (request.url === '/echo') echo(socket)
    else member(socket, request.url)
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1')
