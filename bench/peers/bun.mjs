/** A room on Bun: subscribe and publish, which Bun does in native code. */
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, own) {
    return own.upgrade(request, { data: new URL(request.url).pathname }) ? undefined : new Response('ok')
  },
  websocket: {
    open(socket) {
      if (socket.data !== '/echo') socket.subscribe(socket.data)
    },
    message(socket, text) {
      if (typeof text !== 'string') return
      if (socket.data === '/echo') socket.send(text)
      else server.publish(socket.data, text)
    },
  },
})
