import { sign } from 'hono/jwt'
import { describe, expect, test } from 'vitest'
import { SECRET } from './fixtures.ts'
import { exchange, freshRoom, type Ground, get, member, own, peer, SOCKET_ROUTES } from './ground.ts'
import { fromNow, token } from './peer.ts'

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const BAD_TOKENS: Readonly<Record<string, () => Promise<string>>> = {
  'an empty one': async () => '',
  'no JWT': async () => 'garbage',
  'a JWT of garbage': async () => 'a.b.c',
  'another secret': () => token({ sub: 'ann' }, 'another secret that is long enough too'),
  'alg none': async () => `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url({ sub: 'ann' })}.`,
  'alg NONE with a signature': async () => {
    const [, payload, signature] = (await token({ sub: 'ann' })).split('.')
    return `${base64url({ alg: 'NONE', typ: 'JWT' })}.${payload}.${signature}`
  },
  HS512: () => sign({ sub: 'ann' }, SECRET, 'HS512'),
  HS384: () => sign({ sub: 'ann' }, SECRET, 'HS384'),
  'no signature': async () => (await token({ sub: 'ann' })).replace(/\.[^.]*$/, '.'),
  'another payload': async () => {
    const [head, , signature] = (await token({ sub: 'ann' })).split('.')
    return `${head}.${base64url({ sub: 'eve' })}.${signature}`
  },
  'an exp that has passed': () => token({ sub: 'ann', exp: fromNow(-10) }),
  'an nbf to come': () => token({ sub: 'ann', nbf: fromNow(1000) }),
  'no sub': () => token({ name: 'Ann' }),
  'an empty sub': () => token({ sub: '' }),
  'a sub of 129 characters': () => token({ sub: 'x'.repeat(129) }),
  'a sub with a control': () => token({ sub: 'a\u0000b' }),
  'a sub with a line feed': () => token({ sub: 'a\nb' }),
  'a sub that is a number': () => token({ sub: 5 }),
}

export function auth({ fixture, served }: Ground): void {
  describe('auth', () => {
    test.each(SOCKET_ROUTES)('[AUTH-1] %s takes the token from query, header or subprotocol', async (path) => {
      const jwt = await token({ sub: 'ann' })
      const places = [
        { path: `${path}?token=${jwt}` },
        { path, headers: { Authorization: `Bearer ${jwt}` } },
        { path, headers: { 'Sec-WebSocket-Protocol': `bearer.${jwt}, parlor.v1` } },
        { path, headers: { 'Sec-WebSocket-Protocol': `parlor.v1,bearer.${jwt}` } },
      ]
      for (const place of places) expect((await exchange(served(), place)).status).toBe(101)
    })

    test('[AUTH-1] the query comes before the header, the header before the subprotocol', async () => {
      const good = await token({ sub: 'ann' })
      const status = async (query: string, header: string | undefined, protocol: string): Promise<number> => {
        const headers = {
          Authorization: header && `Bearer ${header}`,
          'Sec-WebSocket-Protocol': `parlor.v1, bearer.${protocol}`,
        }
        return (await exchange(served(), { path: `/ws${query}`, headers })).status
      }
      expect(await status(`?token=${good}`, 'bad', 'bad')).toBe(101)
      expect(await status('?token=bad', good, good)).toBe(401)
      expect(await status('', good, 'bad')).toBe(101)
      expect(await status('', 'bad', good)).toBe(401)
    })

    test.each(SOCKET_ROUTES)(
      '[AUTH-2] %s without a token: 401 and its body, on an upgrade and on a GET',
      async (path) => {
        for (const response of [await exchange(served(), { path }), await get(served(), path)]) {
          expect({ status: response.status, body: response.body }).toEqual({ status: 401, body: 'Invalid token' })
          expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
        }
      },
    )

    test.each(Object.entries(BAD_TOKENS))('[AUTH-3] a bad token is refused: %s', async (_, make) => {
      const jwt = await make()
      const ways = [
        { path: `/ws?token=${encodeURIComponent(jwt)}` },
        { path: '/echo', headers: { Authorization: `Bearer ${jwt}` } },
        { path: '/chat', headers: { 'Sec-WebSocket-Protocol': `parlor.v1, bearer.${jwt}` } },
      ]
      for (const way of ways) {
        const { status, body } = await exchange(served(), way)
        expect({ status, body }).toEqual({ status: 401, body: 'Invalid token' })
      }
      const plain = await get(served(), `/ws?token=${encodeURIComponent(jwt)}`)
      expect({ status: plain.status, body: plain.body }).toEqual({ status: 401, body: 'Invalid token' })
    })

    test('[AUTH-3] exp and nbf that hold are good; a sub of 128 characters too', async () => {
      const sub = 'x'.repeat(128)
      const ann = await peer(served(), { token: await token({ sub, exp: fromNow(1000), nbf: fromNow(-10) }) })
      expect((await ann.next('welcome')).user).toEqual({ id: sub, name: sub })
    })

    test('[AUTH-3] sub is the id, name the name', async () => {
      const ann = await peer(served(), { token: await token({ sub: 'u-1', name: 'Ann Ünïcode 😀' }) })
      expect((await ann.next('welcome')).user).toEqual({ id: 'u-1', name: 'Ann Ünïcode 😀' })
    })

    test('[AUTH-4] from is the token’s, whatever the frame says', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      const forged = { from: { id: 'eve', name: 'Eve' }, user: { id: 'eve' }, sub: 'eve', name: 'Eve' }
      ann.send({ type: 'chat', room, content: 'hi', ...forged })
      expect((await ann.next('chat')).from).toEqual({ id: 'ann', name: 'ANN' })
    })

    test('[AUTH-5] with auth off every connection is a guest of its own', async () => {
      const open = await own(fixture, { PARLOR_AUTH: 'off' })
      const ids = new Set<string>()
      for (const jwt of [null, null, 'not-looked-at']) {
        const guest = await peer(open, { token: jwt })
        const { user } = await guest.next('welcome')
        expect(user).toEqual({ id: expect.stringMatching(/^guest-.+/), name: 'Guest' })
        ids.add(user.id)
      }
      expect(ids.size).toBe(3)
      for (const path of ['/echo', '/chat']) await peer(open, { path, token: null })
    })

    // One test, so that the token's end is waited for once.
    test('[AUTH-6] [AUTH-7] one warning, then 4100, on /echo and /chat without one; a new token sets a new end', async () => {
      const jwt = await token({ sub: 'ann', exp: fromNow(3) })
      const renewed = await peer(served(), { token: jwt })
      const ws = await peer(served(), { token: jwt })
      const plain = await Promise.all(['/echo', '/chat'].map((path) => peer(served(), { path, token: jwt })))
      if (!fixture.can.endsUnspoken) {
        for (const one of plain) one.sendBinary(Buffer.of(0))
        await ws.pong()
      }
      const end = fromNow(1000)
      expect(await renewed.ask({ type: 'auth', token: await token({ sub: 'ann', exp: end }) })).toMatchObject({
        type: 'ack',
        expires: end * 1000,
      })
      expect(await ws.next('error')).toMatchObject({ code: 'token_expiring', retryable: true })
      for (const one of [ws, ...plain]) expect(await one.closed()).toEqual({ code: 4100, reason: 'token_expired' })
      expect(ws.pending().filter(({ type }) => type === 'error')).toEqual([])
      for (const one of plain) expect(one.pending()).toEqual([])
      await renewed.pong()
    })

    test('[AUTH-6] a token that lasts longer brings no warning', async () => {
      const ann = await peer(served(), { token: await token({ sub: 'ann', exp: fromNow(60) }) })
      await ann.next('welcome')
      await ann.pong()
      expect(ann.pending()).toEqual([])
    })

    test('[AUTH-7] another subject or a bad token changes nothing', async () => {
      const room = freshRoom()
      const ann = await member(served(), room)
      expect(await ann.refusal({ type: 'auth', token: await token({ sub: 'eve' }) })).toBe('subject_mismatch')
      for (const make of Object.values(BAD_TOKENS)) {
        expect(await ann.refusal({ type: 'auth', token: await make() })).toBe('invalid_token')
      }
      ann.send({ type: 'chat', content: 'still me' })
      expect((await ann.next('chat')).from).toEqual({ id: 'ann', name: 'ANN' })
    })

    test('[AUTH-7] without a ref there is no ack', async () => {
      const ann = await peer(served())
      ann.send({ type: 'auth', token: await token({ sub: 'ann' }) })
      ann.send({ type: 'auth', token: await token({ sub: 'ann' }), ref: 2 })
      const ack = await ann.next('ack')
      expect(ack.ref).toBe(2)
      // This token never ends.
      expect('expires' in ack).toBe(false)
    })
  })
}
