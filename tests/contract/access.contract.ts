import { describe, expect, test } from 'vitest'
import type { Served } from './fixtures.ts'
import { closeFrame, frame } from './frames.ts'
import { bearer, dial, exchange, type Ground, own, peer, raw, SOCKET_ROUTES } from './ground.ts'
import { token } from './peer.ts'
import type { RawSocket } from './raw-socket.ts'
import { until } from './waiting.ts'

const statusFrom = async (served: Served, origin: string, path = '/ws'): Promise<number> =>
  (await exchange(served, { path, headers: { ...(await bearer()), Origin: origin } })).status

export function access({ fixture, served }: Ground): void {
  describe('origins and limits', () => {
    test.each(SOCKET_ROUTES)('[ORIGIN-1] %s: the own host is allowed, another is not', async (path) => {
      expect(await statusFrom(served(), `http://127.0.0.1:${served().port}`, path)).toBe(101)
      const { status, body } = await exchange(served(), {
        path,
        headers: { ...(await bearer()), Origin: 'https://evil.test' },
      })
      expect({ status, body }).toEqual({ status: 403, body: 'Origin not allowed' })
    })

    test('[ORIGIN-1] the own host is the one that was asked for', async () => {
      const headers = { ...(await bearer()), Host: 'app.test:8443' }
      const asked = (origin: string) => exchange(served(), { headers: { ...headers, Origin: origin } })
      // A proxy in front may speak TLS.
      expect((await asked('https://app.test:8443')).status).toBe(101)
      expect((await asked(`http://127.0.0.1:${served().port}`)).status).toBe(403)
    })

    test('[ORIGIN-1] what only looks like the own host is not', async () => {
      const { port } = served()
      const origins = ['null', `http://127.0.0.1:${port}.evil.test`, `http://evil.test/127.0.0.1:${port}`, 'garbage']
      for (const origin of [...origins, 'http://127.0.0.1:1', `http://localhost:${port}`]) {
        expect([origin, await statusFrom(served(), origin)]).toEqual([origin, 403])
      }
    })

    test('[ORIGIN-1] the origin is looked at before the token', async () => {
      const { status, body } = await exchange(served(), { path: '/ws', headers: { Origin: 'https://evil.test' } })
      expect({ status, body }).toEqual({ status: 403, body: 'Origin not allowed' })
    })

    test('[ORIGIN-1] origins can be allowed', async () => {
      const open = await own(fixture, { PARLOR_ALLOWED_ORIGINS: 'https://app.test,https://other.test:8443' })
      expect(await statusFrom(open, 'https://app.test')).toBe(101)
      expect(await statusFrom(open, 'https://other.test:8443')).toBe(101)
      expect(await statusFrom(open, `http://127.0.0.1:${open.port}`)).toBe(101)
      expect(await statusFrom(open, 'https://app.test.evil.test')).toBe(403)
      expect(await statusFrom(open, 'http://app.test')).toBe(403)
      await peer(open, { headers: { Origin: 'https://app.test' } })
    })

    test('[LIMIT-1] beyond the limit of connections: 503, until one goes', async () => {
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS: '2' })
      const first = await peer(limited)
      const all = fixture.can.countsAll
      await peer(limited, { path: all ? '/echo' : '/ws' })
      for (const path of all ? SOCKET_ROUTES : ['/ws']) {
        const { status, body, headers } = await exchange(limited, { path, headers: await bearer() })
        expect({ status, body }).toEqual({ status: 503, body: 'Too many connections' })
        expect(headers.get('retry-after')).toMatch(/\S/)
      }
      first.close()
      const second = await until('the place of a closed one is free', () => dial(limited, '/ws').catch(() => undefined))
      second.reset()
      await until('the place of a reset one is free', () => dial(limited, all ? '/chat' : '/ws').catch(() => undefined))
    })

    const DROPS: Readonly<Record<string, (socket: RawSocket) => void>> = {
      closes: (socket) => {
        socket.write(closeFrame(1000))
        socket.halfClose()
      },
      'half-closes': (socket) => socket.halfClose(),
      resets: (socket) => socket.reset(),
      'is sent away': (socket) => socket.write(frame('x', { opcode: 3 })),
    }
    test.each(Object.entries(DROPS))('[LIMIT-1] every place is free again: a peer that %s', async (_, drop) => {
      const places = 3
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS: `${places}` })
      for (let round = 0; round < 3; round++) {
        const sockets: RawSocket[] = []
        while (sockets.length < places) {
          const path = (fixture.can.countsAll && SOCKET_ROUTES[sockets.length]) || '/ws'
          sockets.push(await until('a place', () => dial(limited, path).catch(() => undefined)))
        }
        expect((await exchange(limited, { headers: await bearer() })).status).toBe(503)
        for (const socket of sockets) drop(socket)
      }
    })

    test('[LIMIT-2] a peer that does not answer the close frame does not keep its place', async () => {
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS: '1' })
      for (let round = 0; round < 3; round++) {
        const deaf = await until('a place', () => dial(limited, '/ws').catch(() => undefined), 1_000)
        for (let bad = 0; bad < 20; bad++) deaf.text('{')
        expect(await deaf.close()).toEqual({ code: 4500, reason: 'bad_frames' })
      }
    })

    test('[LIMIT-1] handshakes at the same time do not get past the limit', async () => {
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS: '3' })
      const headers = await bearer()
      // Connected before, so that the requests arrive together.
      const sockets = await Promise.all(Array.from({ length: 20 }, () => raw(limited)))
      const outcomes = await Promise.all(
        sockets.map(async (socket) => {
          try {
            await socket.upgrade({ headers })
          } catch (error) {
            return String(error)
          }
          const first = await socket.frame()
          return first.opcode === 8 ? `closed ${first.payload.readUInt16BE(0)}` : 'open'
        }),
      )
      expect(outcomes.filter((outcome) => outcome === 'open')).toHaveLength(3)
      for (const outcome of outcomes) expect(outcome).toMatch(/^open$|^closed 4007$|the upgrade got 503/)
    })

    test.runIf(fixture.can.seesAddress)('[LIMIT-1] beyond the limit per address: 429', async () => {
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS_PER_ADDRESS: '2' })
      await peer(limited)
      await peer(limited)
      const { status, body } = await exchange(limited, { headers: await bearer() })
      expect({ status, body }).toEqual({ status: 429, body: 'Too many connections from this address' })
    })
  })

  describe('subprotocols', () => {
    const offers: readonly (readonly [string | readonly string[], string | undefined])[] = [
      ['parlor.v1', 'parlor.v1'],
      ['parlor.v1.batch', 'parlor.v1.batch'],
      ['parlor.v1, parlor.v1.batch', 'parlor.v1.batch'],
      ['parlor.v1,parlor.v1.batch', 'parlor.v1.batch'],
      ['parlor.v1.batch, parlor.v1', 'parlor.v1.batch'],
      ['parlor.v1.batch,parlor.v1', 'parlor.v1.batch'],
      ['other,parlor.v1', 'parlor.v1'],
      ['other,  parlor.v1 , more', 'parlor.v1'],
      [['other', 'parlor.v1'], 'parlor.v1'],
      ['other, more', undefined],
      ['PARLOR.V1', undefined],
    ]

    test.each(offers)('[SUB-1] of %j the server picks %s', async (offer, picked) => {
      for (const path of SOCKET_ROUTES) {
        const socket = await raw(served())
        const headers = { ...(await bearer()), 'Sec-WebSocket-Protocol': offer }
        const response = await socket.upgrade({ path, headers })
        expect([path, response.headers.get('sec-websocket-protocol')]).toEqual([path, picked])
      }
    })

    test.each(SOCKET_ROUTES)('[SUB-1] without an offer there is none on %s', async (path) => {
      const response = await exchange(served(), { path, headers: await bearer() })
      expect(response.headers.has('sec-websocket-protocol')).toBe(false)
    })

    test('[SUB-1] the ws client agrees', async () => {
      const ann = await peer(served(), { protocols: ['parlor.v1', 'parlor.v1.batch'] })
      expect(ann.protocol).toBe('parlor.v1.batch')
      await ann.next('welcome')
    })

    test.each([
      ['bearer.%, parlor.v1', 'parlor.v1'],
      ['bearer.%,parlor.v1.batch', 'parlor.v1.batch'],
      ['parlor.v1,bearer.%', 'parlor.v1'],
      ['bearer.%', undefined],
    ])('[SUB-2] of %s the token is never sent back', async (offer, picked) => {
      const jwt = await token({ sub: 'ann' })
      for (const path of SOCKET_ROUTES) {
        const headers = { 'Sec-WebSocket-Protocol': offer.replace('%', jwt) }
        const response = await exchange(served(), { path, headers })
        expect([response.status, response.headers.get('sec-websocket-protocol')]).toEqual([101, picked])
      }
    })

    test.each(SOCKET_ROUTES)('[SUB-4] compression is not negotiated on %s', async (path) => {
      const headers = { ...(await bearer()), 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
      const response = await exchange(served(), { path, headers })
      expect([response.status, response.headers.get('sec-websocket-extensions')]).toEqual([101, undefined])
    })
  })
}
