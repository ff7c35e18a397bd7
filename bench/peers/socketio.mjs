/** A room of Socket.IO's own. */
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const server = createServer()
const io = new Server(server, { transports: ['websocket'], serveClient: false })

io.on('connection', (socket) => {
  socket.on('join', (name, done) => {
    socket.join(name)
    socket.data.room = name
    done()
  })
  socket.on('chat', (text, done) => {
    io.to(socket.data.room).emit('chat', text)
    done?.()
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1')
