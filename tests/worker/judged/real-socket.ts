import { WebSocket } from 'ws'
import type { FrameReader } from '../../simulation/network/frames.ts'
import type { Socket } from '../../simulation/network/network.ts'
import type { SocketHandlers } from '../../simulation/network/wire.ts'
import type { Recorder } from '../../simulation/recorder.ts'

export interface RealSocketDeps {
  readonly conn: number
  readonly url: URL
  readonly batches: boolean
  readonly recorder: Recorder
  readonly reader: FrameReader
}

/** A real connection that writes down what goes over it. What it is sent is what the server sent, as far as it arrived. */
export function realSocket({ conn, url, batches, recorder, reader }: RealSocketDeps, handlers: SocketHandlers): Socket {
  const socket = new WebSocket(url, batches ? ['parlor.v1.batch'] : [], { perMessageDeflate: false })
  socket.on('open', () => handlers.open())
  socket.on('message', (data) => {
    const texts = data.toString().split('\n')
    for (const text of texts) {
      const read = reader.ofServer(text)
      if ('why' in read) recorder.see({ what: 'malformed', conn, text, why: read.why })
      else if (read.frame.type === 'seen') socket.send(text)
      else recorder.see({ what: 'sent', conn, frame: read.frame })
    }
    handlers.message(data.toString())
  })
  socket.on('close', (code, reason) => {
    recorder.see({ what: 'gone', conn, code })
    handlers.close(code, reason.toString())
  })
  // A refused handshake is an end like any other.
  socket.on('error', () => {})
  return {
    conn,
    send: (text) => {
      const read = reader.ofClient(text)
      if (socket.readyState !== WebSocket.OPEN) return
      if ('why' in read) recorder.see({ what: 'malformed', conn, text, why: read.why })
      else if (read.frame.type !== 'seen') {
        recorder.see({ what: 'asked', conn, frame: read.frame })
        recorder.see({ what: 'heard', conn, frame: read.frame })
      }
      socket.send(text)
    },
    close: () => socket.close(),
  }
}
