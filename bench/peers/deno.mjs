/** A room on Deno as everyone writes it: a Set, and a loop over it. */
const rooms = new Map()

function member(socket, name) {
  const room = rooms.get(name) ?? new Set()
  rooms.set(name, room)
  socket.onopen = () => room.add(socket)
  socket.onmessage = ({ data }) => {
    if (typeof data !== 'string') return
    for (const other of room) if (other.readyState === WebSocket.OPEN) other.send(data)
  }
  socket.onclose = () => room.delete(socket)
  socket.onerror = () => room.delete(socket)
}

function echo(socket) {
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') socket.send(data)
  }
}

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.args[0]) }, (request) => {
  if (request.headers.get('upgrade') !== 'websocket') return new Response('ok')
  const { socket, response } = Deno.upgradeWebSocket(request)
  const { pathname } = new URL(request.url)
  if (pathname === '/echo') echo(socket)
  else member(socket, pathname)
  return response
})
