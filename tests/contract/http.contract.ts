import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bearer, dial, exchange, type Ground, get, healthy, own, raw, SOCKET_ROUTES, shared } from './ground.ts'
import { type HandshakeOptions, handshake } from './handshake.ts'
import { until } from './waiting.ts'

const BROKEN: Readonly<Record<string, HandshakeOptions>> = {
  'no key': { headers: { 'Sec-WebSocket-Key': undefined } },
  'an empty key': { headers: { 'Sec-WebSocket-Key': '' } },
  'a short key': { headers: { 'Sec-WebSocket-Key': 'c2hvcnQ=' } },
  'a long key': { headers: { 'Sec-WebSocket-Key': randomBytes(32).toString('base64') } },
  'a key that is no base64': { headers: { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' } },
  'no version': { headers: { 'Sec-WebSocket-Version': undefined } },
  'version 12': { headers: { 'Sec-WebSocket-Version': '12' } },
  'version 14': { headers: { 'Sec-WebSocket-Version': '14' } },
  'a version that is no number': { headers: { 'Sec-WebSocket-Version': 'thirteen' } },
  POST: { method: 'POST', headers: { 'Content-Length': '0' } },
  PUT: { method: 'PUT', headers: { 'Content-Length': '0' } },
}

const NO_CONNECTION: typeof BROKEN = {
  'no Connection': { headers: { Connection: undefined } },
  'a Connection that says nothing of an upgrade': { headers: { Connection: 'keep-alive' } },
}

const upgradeWith =
  (options: HandshakeOptions) =>
  (port: number): string =>
    handshake(port, options)

const GARBAGE: Readonly<Record<string, string | Uint8Array | ((port: number) => string)>> = {
  'a header of 1 MiB': upgradeWith({ headers: { 'X-Huge': 'x'.repeat(1 << 20) } }),
  'a thousand headers': upgradeWith({ headers: { 'X-Many': Array.from({ length: 1000 }, () => 'x') } }),
  'a token of 200 KB': upgradeWith({ path: `/ws?token=${'x'.repeat(200_000)}` }),
  'a token of half an escape': upgradeWith({ path: '/ws?token=%' }),
  'a room that is not UTF-8': upgradeWith({ path: '/ws?room=%ff%fe' }),
  'an absolute target that is no URL': upgradeWith({ path: 'http://[::1/ws' }),
  'a target of two slashes': upgradeWith({ path: '//' }),
  'a target without a slash': upgradeWith({ path: 'ws' }),
  'the target *': upgradeWith({ path: '*' }),
  'no Host': upgradeWith({ headers: { Host: undefined } }),
  'a Host that is none': upgradeWith({ headers: { Host: 'not a host!' } }),
  'an empty Host': upgradeWith({ headers: { Host: '' } }),
  'an Origin that is none': upgradeWith({ headers: { Origin: '://' } }),
  'commas for subprotocols': upgradeWith({ headers: { 'Sec-WebSocket-Protocol': ',,, ,' } }),
  'an empty bearer subprotocol': upgradeWith({ headers: { 'Sec-WebSocket-Protocol': 'bearer.' } }),
  'an empty Authorization': upgradeWith({ headers: { Authorization: '' } }),
  'a Bearer without a token': upgradeWith({ headers: { Authorization: 'Bearer' } }),
  'random bytes': randomBytes(4096),
  'a TLS hello': Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00),
  'half a method': 'GET',
  'empty lines': '\r\n\r\n\r\n\r\n',
  'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a CONNECT': 'CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n',
}

export function http({ fixture, served }: Ground): void {
  describe('HTTP', () => {
    test('[HTTP] GET /health says ok without a token', async () => {
      const { status, body } = await get(served(), '/health')
      expect({ status, body }).toEqual({ status: 200, body: 'ok' })
    })

    test('[HTTP] GET / is the chat page', async () => {
      const { status, headers } = await get(served(), '/')
      expect(status).toBe(200)
      expect(headers.get('content-type')).toMatch(/^text\/html/)
    })

    test.each(SOCKET_ROUTES)('[HTTP-1] GET %s without an upgrade gets 426, after auth', async (path) => {
      const refused = await get(served(), path)
      expect(refused.status).toBe(401)
      const { status, headers } = await get(served(), path, await bearer())
      expect(status).toBe(426)
      if (fixture.can.namesUpgrade) expect(headers.get('upgrade')?.toLowerCase()).toBe('websocket')
    })

    test.each(SOCKET_ROUTES)('[HTTP-2] Upgrade: h2c on %s gets 426', async (path) => {
      const socket = await raw(served())
      socket.write(handshake(served().port, { path, headers: { ...(await bearer()), Upgrade: 'h2c' } }))
      const { status } = await socket.response()
      expect(status).toBe(426)
      if (fixture.can.refusesOtherUpgrades) await socket.ended()
    })

    test('[HTTP-2] another Upgrade on another path gets 426 on Node and is an ordinary GET elsewhere', async () => {
      const { status } = await exchange(served(), { path: '/health', headers: { Upgrade: 'h2c' } })
      expect(status).toBe(fixture.can.refusesOtherUpgrades ? 426 : 200)
    })

    test.each(['WebSocket', 'WEBSOCKET', 'websocket'])('[HTTP-2] Upgrade: %s is an upgrade', async (upgrade) => {
      const socket = await dial(served(), '/echo', { Upgrade: upgrade })
      socket.text('hello')
      expect(await socket.nextText()).toBe('hello')
    })

    const broken: typeof BROKEN = {
      ...BROKEN,
      ...(fixture.can.seesConnection ? NO_CONNECTION : {}),
      ...(fixture.can.seesHttpVersion ? { 'HTTP/1.0': { version: 'HTTP/1.0' } } : {}),
    }
    test.each(Object.entries(broken))('[HTTP-3] a handshake with %s is refused', async (_, options) => {
      for (const path of SOCKET_ROUTES) {
        const socket = await raw(served())
        const headers = { ...(await bearer()), ...options.headers }
        socket.write(handshake(served().port, { ...options, path, headers }))
        const answer = await socket.responseOrEnd()
        if (answer !== 'closed') expect([path, Math.floor(answer.status / 100)]).toEqual([path, 4])
      }
      expect(await healthy(served())).toBe(true)
    })

    test('[HTTP-3] nothing of a bad handshake stays behind', async () => {
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS: '1' })
      const headers = await bearer()
      for (const options of Object.values(broken)) {
        const socket = await raw(limited)
        socket.write(handshake(limited.port, { ...options, headers: { ...headers, ...options.headers } }))
        await socket.responseOrEnd()
        socket.destroy()
      }
      await until('the one place is free', () => dial(limited, '/echo').catch(() => undefined))
    })

    const resets = '200 resets in the middle of a handshake leave nothing behind'
    test.runIf(fixture.can.hearsEarlyResets)(`[HTTP-3] ${resets}`, async () => {
      const limited = await own(fixture, { PARLOR_MAX_CONNECTIONS: '2' })
      const headers = await bearer()
      for (let at = 0; at < 200; at++) {
        const socket = await raw(limited)
        const path = SOCKET_ROUTES[at % SOCKET_ROUTES.length] ?? '/ws'
        const request = handshake(limited.port, { path, headers })
        // Half of them whole, so that auth is under way; half of them cut anywhere.
        await socket.push(at % 2 === 0 ? request : request.slice(0, 1 + ((at * 7) % (request.length - 1))))
        socket.reset()
      }
      await until('the first place is free', () => dial(limited, '/echo').catch(() => undefined))
      await until('the second place is free', () => dial(limited, '/echo').catch(() => undefined))
      expect(await healthy(limited)).toBe(true)
    })

    test('[HTTP-3] a handshake that comes byte by byte works', async () => {
      const socket = await raw(served())
      const request = handshake(served().port, { path: '/echo', headers: await bearer() })
      for (const byte of Buffer.from(request)) await socket.push(Uint8Array.of(byte))
      expect((await socket.response()).status).toBe(101)
      socket.text('slow')
      expect(await socket.nextText()).toBe('slow')
    })

    // A client must not, but one that does is served or refused, and no other is mixed up.
    test('[HTTP-3] frames sent with the handshake are taken, or the handshake is refused', async () => {
      const socket = await raw(served())
      const request = handshake(served().port, { path: '/echo', headers: await bearer() })
      socket.write(Buffer.concat([Buffer.from(request), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]))
      const answer = await socket.responseOrEnd()
      if (answer === 'closed' || answer.status === 400) return
      expect(answer.status).toBe(101)
      expect(await socket.nextText()).toBe('hi')
    })

    const megabytes = 'a client that sends megabytes with an upgrade still reads why it is refused, once'
    test.runIf(fixture.can.readsOn)(`[HTTP-6] ${megabytes}`, async () => {
      const refusals = [
        { path: '/ws', status: 401 },
        { path: '/nothing', status: 404 },
        { path: '/ws', status: 403, headers: { Origin: 'https://evil.test' } },
        { path: '/ws', status: 400, headers: { 'Sec-WebSocket-Key': 'none', ...(await bearer()) } },
      ]
      for (const { path, status, headers } of refusals) {
        const socket = await raw(served())
        const size = 8 * 1024 * 1024
        socket.write(handshake(served().port, { path, headers: { 'Content-Length': `${size}`, ...headers } }))
        for (let sent = 0; sent < size; sent += 65_536) socket.write(Buffer.alloc(65_536))
        expect([path, (await socket.response()).status]).toEqual([path, status])
        socket.halfClose()
        await socket.ended()
        expect(await socket.responseOrEnd()).toBe('closed')
      }
      expect(await healthy(served())).toBe(true)
    })

    test('[HTTP-4] a path that does not exist gets 404, an upgrade of it too', async () => {
      for (const path of ['/nothing', '/ws/more', '/echo2', '/%00', '/..%2f..%2fetc/passwd']) {
        expect([path, (await get(served(), path, await bearer())).status]).toEqual([path, 404])
        expect([path, (await exchange(served(), { path, headers: await bearer() })).status]).toEqual([path, 404])
      }
    })

    test('[HTTP-4] there is no POST /token where the secret was set', async () => {
      const headers = { Upgrade: undefined, Connection: 'close', 'Content-Length': '0', ...(await bearer()) }
      const { status } = await exchange(served(), { method: 'POST', path: '/token', headers })
      expect(status).toBe(404)
    })

    describe('garbage', () => {
      const hostile = shared(fixture)
      test.each(Object.entries(GARBAGE))('[HTTP-5] %s ends nothing', async (_, input) => {
        const socket = await raw(hostile())
        await socket.push(typeof input === 'function' ? input(hostile().port) : input)
        socket.halfClose()
        const answer = await socket.responseOrEnd()
        if (answer !== 'closed') expect(answer.status).not.toBe(101)
        expect(await healthy(hostile())).toBe(true)
      })
    })
  })
}
