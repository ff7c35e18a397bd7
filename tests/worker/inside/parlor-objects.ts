/** The service's own objects, and sockets to them, from inside of the isolate that they run in. */
import { runDurableObjectAlarm, runInDurableObject, SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import * as v from 'valibot'
import type { Draft } from '../../../src/core/broadcast-adapter.ts'
import { ServerFrame } from '../../../src/core/protocol.ts'
import { namespaceIn, type ObjectStub } from '../../../src/runtimes/worker/calls.ts'
import { ParlorObject } from './main.ts'

/** Where sockets are that came without `?room=`. */
export const GATEWAY = 'gw:local:0'

/** What all of these objects answer to each other with. */
type Answering = ObjectStub & { alarm(): void | Promise<void> }

export const answering = ((methods: object): Answering => {
  const isPeer = (candidate: object): candidate is Answering => 'announce' in candidate
  if (!isPeer(methods)) throw new TypeError('objects have no such methods any more')
  return methods
})(Object.getPrototypeOf(ParlorObject.prototype))

export const objectOf = (object: string): ObjectStub => namespaceIn(env, 'PARLOR').getByName(object)

/** Looks into an object that is running, or starts it. */
export function within<T>(object: string, look: (state: DurableObjectState) => T | Promise<T>): Promise<T> {
  return runInDurableObject(env.PARLOR.getByName(object), (_, state) => look(state))
}

/** Has an object's alarm strike now. False: none is set. */
export const strike = (object: string): Promise<boolean> => runDurableObjectAlarm(env.PARLOR.getByName(object))

/** ms since 1970; null: none is set. */
export const alarmOf = (object: string): Promise<number | null> => within(object, ({ storage }) => storage.getAlarm())

/** Ends an object as a crash does. */
export async function abort(object: string): Promise<void> {
  await within(object, (state) => state.abort('by a test')).catch(() => {})
}

export const sql = (object: string, ...statements: readonly string[]): Promise<readonly unknown[]> =>
  within(object, ({ storage }) => statements.flatMap((statement) => storage.sql.exec(statement).toArray()))

export const draft = (content: string, clientId?: string, user = 'ann'): Draft => ({
  from: { id: user, name: user },
  body: { kind: 'chat', content },
  ...(clientId === undefined ? {} : { clientId }),
})

/** A socket of a client. */
export class Client {
  readonly #socket: WebSocket
  readonly #frames: ServerFrame[] = []
  #wake = (): void => {}

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      this.#frames.push(v.parse(ServerFrame, JSON.parse(String(data))))
      this.#wake()
    })
    socket.accept()
  }

  static async open(query = '', agreed?: string): Promise<Client> {
    const headers = {
      ...(agreed === undefined ? {} : { 'Sec-WebSocket-Protocol': agreed }),
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
    }
    const { webSocket, status } = await SELF.fetch(`http://parlor.test/ws${query}`, { headers })
    if (!webSocket) throw new Error(`the handshake was answered with ${status}`)
    return new Client(webSocket)
  }

  static async joined(room: string, query = ''): Promise<Client> {
    const client = await Client.open(query)
    client.send({ type: 'join', room, ref: 'join' })
    await client.next('joined')
    return client
  }

  send(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame))
  }

  async next<T extends ServerFrame['type']>(type: T): Promise<Extract<ServerFrame, { type: T }>> {
    const isOfType = (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> => frame.type === type
    for (;;) {
      const at = this.#frames.findIndex(isOfType)
      const frame = this.#frames[at]
      if (frame && isOfType(frame)) {
        this.#frames.splice(at, 1)
        return frame
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** What else has come. */
  get pending(): readonly ServerFrame['type'][] {
    return this.#frames.map(({ type }) => type)
  }

  close(): void {
    this.#socket.close(1000)
  }
}
