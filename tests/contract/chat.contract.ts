import { describe, expect, test } from 'vitest'
import type { Served } from './fixtures.ts'
import { dial, freshRoom, type Ground, member, own, peer } from './ground.ts'
import type { Peer } from './peer.ts'

/** The plain room is one for the whole server: a test reads up to a text of its own and keeps what came with it. */
async function readTo(reader: Peer, last: string): Promise<readonly string[]> {
  const texts: string[] = []
  for (;;) {
    const text = await reader.text()
    if (text === last) return texts
    texts.push(text)
  }
}

/** Whoever gets their own text back is in the room. */
async function chatter(served: Served, user: string, protocols: readonly string[] = []): Promise<Peer> {
  const opened = await peer(served, { path: '/chat', user, protocols })
  const hello = `hello of ${freshRoom()}`
  opened.sendText(hello)
  await readTo(opened, hello)
  return opened
}

export function chat({ fixture, served }: Ground): void {
  describe('plain chat', () => {
    test('[CHAT-1] a text reaches every socket, the sender’s too, as it went', async () => {
      const ann = await chatter(served(), 'ann')
      // Batching is for the JSON protocol.
      const bob = await chatter(served(), 'bob', ['parlor.v1.batch'])
      await readTo(ann, await mark(bob))
      const texts = ['hi', '', ' \n ', 'a\u0000b', '👩‍👩‍👧', '{"type":"join","room":"x"}']
      for (const text of texts) ann.sendText(text)
      for (const reader of [ann, bob]) {
        for (const text of texts) expect(await reader.text()).toBe(text)
      }
    })

    test('[CHAT-1] one order for all', async () => {
      const peers = [await chatter(served(), 'a'), await chatter(served(), 'b'), await chatter(served(), 'c')]
      const start = freshRoom()
      peers[0]?.sendText(start)
      for (const one of peers) await readTo(one, start)
      for (let at = 0; at < 100; at++) {
        for (const [who, one] of peers.entries()) one.sendText(`${who} ${at}`)
      }
      const seen = await Promise.all(
        peers.map(async (one) => {
          const texts: string[] = []
          while (texts.length < 300) texts.push(await one.text())
          return texts
        }),
      )
      expect(seen[1]).toEqual(seen[0])
      expect(seen[2]).toEqual(seen[0])
      for (const who of peers.keys()) {
        const own = seen[0]?.filter((text) => text.startsWith(`${who} `))
        expect(own).toEqual(Array.from({ length: 100 }, (_, at) => `${who} ${at}`))
      }
    })

    test('[CHAT-2] binary is ignored', async () => {
      const ann = await chatter(served(), 'ann')
      for (let at = 0; at < 30; at++) ann.sendBinary(Buffer.from(`binary ${at}`))
      ann.sendText('text')
      expect(await ann.text()).toBe('text')
    })

    test.runIf(fixture.can.seesStalls)(
      '[CHAT-3] a socket that fell off the log is closed with 4004 and how far',
      async () => {
        const small = await own(fixture, { PARLOR_HISTORY_SIZE: '10' })
        const ann = await chatter(small, 'ann')
        const stalled = await dial(small, '/chat')
        ann.sendText('start')
        await ann.text()
        expect(await stalled.nextText()).toBe('start')
        stalled.pause()
        const total = 400
        const filler = 'x'.repeat(60_000)
        for (let at = 1; at <= total; at++) {
          const text = `${at} ${filler}`
          ann.sendText(text)
          if ((await ann.text()) !== text) throw new Error(`the reading socket missed ${at}`)
        }
        stalled.resume()
        let last = 0
        for (;;) {
          const next = await stalled.frame()
          if (next.opcode === 1) {
            expect(Number.parseInt(next.payload.toString('latin1', 0, 8), 10)).toBe(++last)
            continue
          }
          expect(next.payload.readUInt16BE(0)).toBe(4004)
          const lagged = /^lagged (\d+)$/.exec(next.payload.subarray(2).toString())
          const missed = Number(lagged?.[1])
          expect(missed).toBeGreaterThan(0)
          expect(last + missed).toBeLessThanOrEqual(total)
          break
        }
        // The other one lost nothing and goes on.
        ann.sendText('end')
        expect(await ann.text()).toBe('end')
      },
    )

    test('[CHAT-4] text up to the limit passes, above it the connection is closed with 1009', async () => {
      const ann = await chatter(served(), 'ann')
      const bob = await chatter(served(), 'bob')
      const most = 'é'.repeat(32_768)
      bob.sendText(most)
      expect((await readTo(ann, most)).length).toBeGreaterThanOrEqual(0)
      bob.sendText(`${most}x`)
      expect((await bob.closed()).code).toBe(1009)
      ann.sendText('after')
      expect(await ann.text()).toBe('after')
    })

    test('[CHAT-4] a publish above the rate is closed with 4005', async () => {
      const limited = await own(fixture, { PARLOR_MAX_PUBLISH_RATE: '5' })
      const ann = await peer(limited, { path: '/chat' })
      for (let at = 0; at < 50; at++) ann.sendText(`${at}`)
      expect(await ann.closed()).toEqual({ code: 4005, reason: 'rate_limited' })
      expect(await ann.text()).toBe('0')
    })

    test('[CHAT-5] no room of /ws is the plain one', async () => {
      const ann = await chatter(served(), 'ann')
      const bob = await peer(served(), { user: 'bob' })
      const names = [
        'chat',
        '/chat',
        'plain',
        '_chat',
        '__chat__',
        '$chat',
        ':chat',
        'parlor:chat',
        '*',
        '\u0000chat',
        '',
      ]
      const joined: string[] = []
      for (const room of names) {
        const reply = await bob.ask({ type: 'join', room, history: 1000 })
        if (reply.type !== 'joined') continue
        joined.push(room)
        await bob.say(room, `into ${room}`)
      }
      expect(joined).toContain('chat')
      ann.sendText('private')
      expect(await ann.text()).toBe('private')
      await bob.pong()
      const contents = bob.pending().flatMap((frame) => (frame.type === 'chat' ? [frame.content] : []))
      expect(contents).toEqual(joined.map((room) => `into ${room}`))
    })

    test('[CHAT-5] what is said on /ws does not reach it', async () => {
      const ann = await chatter(served(), 'ann')
      const bob = await member(served(), 'chat', { user: 'bob' })
      await bob.say('chat', 'not for the plain room')
      ann.sendText('plain')
      expect(await ann.text()).toBe('plain')
    })
  })
}

/** The last text that `sender` can know everyone in the room got. */
async function mark(sender: Peer): Promise<string> {
  const text = `mark of ${freshRoom()}`
  sender.sendText(text)
  await readTo(sender, text)
  return text
}
