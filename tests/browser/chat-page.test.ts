/** The chat page in a real browser, served by the built service (`npm run build` first). */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sign } from 'hono/jwt'
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'

const MAIN = fileURLToPath(new URL('../../dist/runtimes/node/main.js', import.meta.url))
const TIMEOUT = 60_000
const SECRET = 'a secret that only this test knows, long enough for HS256'

interface Service {
  /** The page's address as it was printed. */
  readonly address: string
  readonly port: string
  stop(): Promise<number | null>
}

const running = new Set<ChildProcess>()

function startService(env: Record<string, string> = {}, port = '0'): Promise<Service> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: run "npm run build" first`)
  const address = env['PARLOR_AUTH_SECRET'] === undefined ? /http:\/\/[^\s]+\?token=[^\s]+/ : /http:\/\/[^\s]+/
  const child = spawn(process.execPath, [MAIN, '--port', port, '--host', '127.0.0.1'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const printed = out
        .split('\n')
        .slice(0, -1)
        .map((line) => address.exec(line)?.[0])
        .find((found) => found !== undefined)
      if (printed === undefined) return
      resolve({
        address: printed,
        port: new URL(printed).port,
        stop: () => {
          child.kill('SIGTERM')
          return ended
        },
      })
    })
    void ended.then((code) =>
      reject(new Error(`The service ended with ${code} before it printed its address:\n${out}\n${err}`)),
    )
  })
}

let browser: Browser
let service: Service
const contexts = new Set<BrowserContext>()
/** What browsers complained about in the current test. */
let complaints: string[] = []

beforeAll(async () => {
  browser = await launchChromium()
  service = await startService()
}, 300_000)

afterEach(async () => {
  for (const context of contexts) await context.close()
  contexts.clear()
  complaints = []
})

afterAll(async () => {
  await browser?.close()
  await service?.stop()
  for (const child of running) child.kill('SIGKILL')
})

async function open(address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options })
  contexts.add(context)
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(address)
  return page
}

const roomAddress = (room: string, address = service.address): string => {
  const url = new URL(address)
  url.searchParams.set('room', room)
  return url.href
}

/** In a room of the test's own, under a name. */
async function enter(name: string, room: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await open(roomAddress(room), options)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Enter' }).click()
  await connected(page)
  // What comes right after a join counts as history.
  await page.locator('[role=log][aria-live=polite]:not([hidden])').waitFor()
  return page
}

const state = (page: Page): Locator => page.locator('#state')
const connected = (page: Page): Promise<void> => state(page).getByText('Connected', { exact: true }).waitFor()
const messages = (page: Page): Locator => page.locator('[role=log]:not([hidden]) .message')
const texts = (page: Page): Promise<string[]> =>
  page.locator('[role=log]:not([hidden]) .message .text').allTextContents()
const field = (page: Page): Locator => page.getByLabel('Message', { exact: true })
const focused = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement?.id ?? ""')

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text)
  await field(page).press('Enter')
}

const seen = (page: Page, text: string): Promise<void> => messages(page).filter({ hasText: text }).first().waitFor()
/** Published, not only shown. */
const sent = (page: Page, text: string): Promise<void> =>
  page.locator('[role=log]:not([hidden]) .message[data-state=sent]').filter({ hasText: text }).first().waitFor()

describe('the chat page', { timeout: TIMEOUT }, () => {
  test('[ROOM-3] two windows in a room read each other and themselves, once, under their names', async () => {
    const [ada, jun] = await Promise.all([enter('Ada Moreno', 'two'), enter('Jun Park', 'two')])
    await say(ada, 'Good morning')
    await seen(jun, 'Good morning')
    await say(jun, 'Good morning to you')
    await seen(ada, 'Good morning to you')
    await sent(ada, 'Good morning')
    await sent(jun, 'Good morning to you')
    for (const page of [ada, jun]) {
      expect(await texts(page)).toEqual(['Good morning', 'Good morning to you'])
      expect(await messages(page).locator('.author').allTextContents()).toEqual(['Ada Moreno', 'Jun Park'])
      expect(await messages(page).locator('time').count()).toBe(2)
    }
    expect(await ada.locator('.message.own .text').allTextContents()).toEqual(['Good morning'])
    expect(complaints).toEqual([])
  })

  test('[ROOM-1] many at a time from both sides stand in one order', async () => {
    const [ada, jun] = await Promise.all([enter('Ada', 'order'), enter('Jun', 'order')])
    const talk = async (page: Page, name: string): Promise<void> => {
      for (let i = 0; i < 10; i++) await say(page, `${name} ${i}`)
    }
    await Promise.all([talk(ada, 'ada'), talk(jun, 'jun')])
    await Promise.all([seen(ada, 'jun 9'), seen(jun, 'ada 9'), sent(ada, 'ada 9'), sent(jun, 'jun 9')])
    const order = await texts(ada)
    expect(order).toHaveLength(20)
    expect(await texts(jun)).toEqual(order)
  })

  test('[ROOM-8] who comes later reads what was written before, and a reload shows it once', async () => {
    const ada = await enter('Ada', 'history')
    await say(ada, 'written before')
    await sent(ada, 'written before')
    const jun = await enter('Jun', 'history')
    await seen(jun, 'written before')
    await jun.reload()
    await seen(jun, 'written before')
    expect(await texts(jun)).toEqual(['written before'])
    expect(await jun.locator('#me-name').textContent()).toBe('Jun')
  })

  test('[PAGE] markup in a message and in a name arrives as text; the policy forbids the rest', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    const [ada, jun] = await Promise.all([enter('<b>Ada</b>', 'markup'), enter('Jun', 'markup')])
    await say(ada, evil)
    await seen(jun, 'onerror')
    expect(await texts(jun)).toEqual([evil])
    expect(await messages(jun).locator('.author').allTextContents()).toEqual(['<b>Ada</b>'])
    expect(await jun.locator('.message img, .message script, .message b').count()).toBe(0)
    const response = await fetch(service.address)
    const policy = response.headers.get('content-security-policy') ?? ''
    const directives = policy.split(';').map((directive) => directive.trim())
    expect(directives).toContain("default-src 'none'")
    expect(directives).toContain("script-src 'self'")
    expect(directives).toContain("style-src 'self'")
    expect(directives).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(complaints).toEqual([])
  })

  test('[PAGE] the token leaves the address bar, the room stays in it', async () => {
    const page = await enter('Ada', 'a room & more')
    const url = new URL(page.url())
    expect(url.searchParams.has('token')).toBe(false)
    expect(url.searchParams.get('room')).toBe('a room & more')
    expect(await page.getByRole('heading', { level: 2, name: 'a room & more' }).count()).toBe(1)
  })

  test('[PAGE] several rooms: unread counts, the way back, leaving', async () => {
    const [ada, jun] = await Promise.all([enter('Ada', 'rooms-one'), enter('Jun', 'rooms-two')])
    await ada.getByLabel('Name of a room to join').fill('rooms-two')
    await ada.getByRole('button', { name: 'Join the room' }).click()
    await say(ada, 'here I am')
    await seen(jun, 'here I am')
    await ada.getByRole('button', { name: 'rooms-one' }).click()
    expect(new URL(ada.url()).searchParams.get('room')).toBe('rooms-one')
    await say(jun, 'first')
    await say(jun, 'second')
    await ada.getByRole('button', { name: /^rooms-two 2 unread$/ }).click()
    await seen(ada, 'second')
    expect(await texts(ada)).toEqual(['here I am', 'first', 'second'])
    expect(await ada.getByRole('button', { name: /unread/ }).count()).toBe(0)
    await ada.goBack()
    await ada.getByRole('heading', { level: 2, name: 'rooms-one' }).waitFor()
    await ada.getByRole('button', { name: 'Leave rooms-one' }).click()
    await ada.getByRole('heading', { level: 2, name: 'rooms-two' }).waitFor()
    await ada.getByRole('button', { name: 'Leave rooms-two' }).click()
    await ada.getByText('You are in no room').waitFor()
    await say(jun, 'still there?')
    await sent(jun, 'still there?')
    expect(await ada.locator('#rooms li').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('[PAGE] works by keyboard alone', async () => {
    const page = await open(roomAddress('keyboard'))
    await page.getByLabel('Your name').waitFor()
    expect(await focused(page)).toBe('name')
    await page.keyboard.press('Enter')
    await page.getByText('Enter a name.').waitFor()
    await page.keyboard.type('Kim')
    await page.keyboard.press('Enter')
    await connected(page)
    expect(await focused(page)).toBe('draft')
    await page.keyboard.type('one')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('two')
    await page.keyboard.press('Enter')
    await sent(page, 'one')
    expect(await texts(page)).toEqual(['one\ntwo'])
    // From the top of the page, everything in the order in which it is read.
    await page.locator('#skip').focus()
    const order: string[] = []
    for (let i = 0; i < 9; i++) {
      order.push(
        await page.evaluate<string>(
          'document.activeElement.id || document.activeElement.getAttribute("role") || document.activeElement.className',
        ),
      )
      const ring = await page.evaluate<boolean>(
        'getComputedStyle(document.activeElement).outlineStyle !== "none" || getComputedStyle(document.activeElement.parentElement).boxShadow !== "none"',
      )
      expect(ring, `${order.at(-1)} shows that it has the focus`).toBe(true)
      if (order.at(-1) === 'draft') break
      await page.keyboard.press('Tab')
    }
    expect(order).toEqual(['skip', 'room-button', 'join-name', 'icon-button', 'leave', 'log', 'draft'])
    // The skip link, and a room joined with Enter.
    await page.locator('#skip').focus()
    await page.keyboard.press('Enter')
    expect(await focused(page)).toBe('draft')
    await page.getByLabel('Name of a room to join').focus()
    await page.keyboard.type('keyboard two')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 2, name: 'keyboard two' }).waitFor()
    expect(await focused(page)).toBe('draft')
    expect(complaints).toEqual([])
  })

  test('[PAGE] on a phone the room list is a drawer that Escape closes', async () => {
    const page = await enter('Ada', 'drawer', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
    const opener = page.getByRole('button', { name: 'Rooms' })
    expect(await opener.getAttribute('aria-expanded')).toBe('false')
    expect(await page.getByRole('navigation').count()).toBe(0)
    await opener.tap()
    await page.getByRole('navigation', { name: 'Rooms' }).waitFor()
    expect(await focused(page)).toBe('side-close')
    expect(await page.locator('#main').getAttribute('inert')).not.toBeNull()
    await page.keyboard.press('Escape')
    await page.locator('#main:not([inert])').waitFor()
    expect(await focused(page)).toBe('side-open')
    expect(await opener.getAttribute('aria-expanded')).toBe('false')
  })

  test.each([320, 390])('[PAGE] nothing is wider than a phone of %i pixels', async (width) => {
    const size = { viewport: { width, height: 640 }, isMobile: true, hasTouch: true }
    const page = await open(roomAddress(`phone-${width}-${'long'.repeat(25)}`), size)
    const overflow = (): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    await page.getByLabel('Your name').fill(`Name${'e'.repeat(120)}`)
    expect(await overflow()).toBe(0)
    await page.getByRole('button', { name: 'Enter' }).tap()
    await connected(page)
    await say(page, 'W'.repeat(400))
    await sent(page, 'WWW')
    expect(await overflow()).toBe(0)
    const inner = await page.evaluate<number>(
      '(() => { const log = document.querySelector("[role=log]:not([hidden])"); return log.scrollWidth - log.clientWidth })()',
    )
    expect(inner).toBe(0)
    expect(await field(page).isVisible()).toBe(true)
    await page.getByRole('button', { name: 'Rooms' }).tap()
    await page.getByRole('navigation').waitFor()
    expect(await overflow()).toBe(0)
  })

  test('[PAGE] follows the newest message, unless one reads further up', async () => {
    const [ada, jun] = await Promise.all([enter('Ada', 'scroll'), enter('Jun', 'scroll')])
    for (let i = 0; i < 40; i++) await say(ada, `line ${i}`)
    await seen(jun, 'line 39')
    const log = jun.locator('[role=log]:not([hidden])')
    const fromBottom = (): Promise<number> =>
      jun.evaluate<number>(
        '(() => { const log = document.querySelector("[role=log]:not([hidden])"); return log.scrollHeight - log.scrollTop - log.clientHeight })()',
      )
    await expect.poll(fromBottom).toBeLessThan(2)
    await log.hover()
    await jun.mouse.wheel(0, -600)
    await expect.poll(fromBottom).toBeGreaterThan(100)
    await say(ada, 'below')
    const button = jun.getByRole('button', { name: '1 new message' })
    await button.waitFor()
    expect(await fromBottom()).toBeGreaterThan(100)
    await button.click()
    await expect.poll(fromBottom).toBeLessThan(2)
    await button.waitFor({ state: 'hidden' })
  })

  test('[WS-6] a message above the limit is marked as not sent, and can be discarded', async () => {
    const page = await enter('Ada', 'large')
    await say(page, 'x'.repeat(70_000))
    const fate = page.locator('.fate').getByText('Not sent: This message is too long')
    await fate.waitFor()
    await page.getByRole('button', { name: /^Retry/ }).click()
    await fate.waitFor()
    await page.getByRole('button', { name: /^Discard/ }).click()
    expect(await messages(page).count()).toBe(0)
    await say(page, 'short')
    await sent(page, 'short')
  })

  test('[AUTH-2] a bad token leads to a screen that says what to do', async () => {
    const page = await open(new URL('/?token=bad', service.address).href)
    await page.getByRole('heading', { level: 1, name: 'Invalid token' }).waitFor()
    await page.getByText('Open the address that the server printed').waitFor()
    // The right one can be pasted.
    await page.getByLabel('Address or token').fill(service.address)
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByLabel('Your name').waitFor()
  })

  test('[AUTH-2] no token leads to a screen that says where to find one', async () => {
    const page = await open(new URL('/', service.address).href)
    await page.getByRole('heading', { level: 1, name: 'A token is needed' }).waitFor()
    await page.getByText('Open the address that the server printed').waitFor()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`[PAGE] every control has a name, every text enough contrast (${colorScheme})`, async () => {
      const gate = await open(roomAddress(`names-${colorScheme}`), { colorScheme })
      await gate.getByLabel('Your name').waitFor()
      expect(await gate.evaluate(AUDIT)).toEqual([])
      const bad = await open(new URL('/?token=bad', service.address).href, { colorScheme })
      await bad.getByRole('heading', { level: 1, name: 'Invalid token' }).waitFor()
      expect(await bad.evaluate(AUDIT)).toEqual([])
      const [ada, jun] = await Promise.all([
        enter('Ada', `names-${colorScheme}`, { colorScheme }),
        enter('Jun', `names-${colorScheme}`, { colorScheme }),
      ])
      await say(jun, 'hello')
      await seen(ada, 'hello')
      await say(ada, 'x'.repeat(70_000))
      await ada.getByText('Not sent').first().waitFor()
      await ada.getByLabel('Name of a room to join').fill('names-two')
      await ada.getByRole('button', { name: 'Join the room' }).click()
      await say(jun, 'unread')
      await ada.getByRole('button', { name: /1 unread/ }).waitFor()
      expect(await ada.evaluate(AUDIT)).toEqual([])
      await ada.getByRole('button', { name: /1 unread/ }).click()
      expect(await ada.evaluate(AUDIT)).toEqual([])
    })
  }
})

describe('the chat page and a server with a secret of its own', { timeout: 120_000 }, () => {
  const tokenFor = (sub: string, name: string, seconds = 3600): Promise<string> =>
    sign({ sub, name, exp: Math.floor(Date.now() / 1000) + seconds }, SECRET, 'HS256')
  const env = { PARLOR_AUTH_SECRET: SECRET }

  test('[DRAIN-1] the server is restarted: "reconnecting", then connected, and what was written meanwhile arrives once', async () => {
    const before = await startService(env)
    const at = (token: string): string => roomAddress('restart', new URL(`/?token=${token}`, before.address).href)
    const ada = await open(at(await tokenFor('ada', 'Ada')))
    const jun = await open(at(await tokenFor('jun', 'Jun')))
    await Promise.all([connected(ada), connected(jun)])
    await say(ada, 'before')
    await seen(jun, 'before')
    expect(await before.stop()).toBe(0)
    await Promise.all([ada, jun].map((page) => state(page).getByText('Reconnecting').waitFor()))
    await say(ada, 'while away')
    await ada.getByText('Waiting for the connection').waitFor()
    // A network that comes back is a reason to try at once.
    await jun.context().setOffline(true)
    await state(jun).getByText('Offline', { exact: true }).waitFor()
    const after = await startService(env, before.port)
    await jun.context().setOffline(false)
    await ada
      .getByRole('button', { name: 'Reconnect now' })
      .click({ timeout: 5_000 })
      .catch(() => undefined)
    await Promise.all([connected(ada), connected(jun)])
    await sent(ada, 'while away')
    await seen(jun, 'while away')
    await say(jun, 'after')
    await seen(ada, 'after')
    for (const page of [ada, jun]) expect(await texts(page)).toEqual(['before', 'while away', 'after'])
    // The log of a server that keeps none was made anew: said, not hidden.
    await ada.getByText('This room was started anew').first().waitFor()
    await after.stop()
  })

  test('[AUTH-6] a token that runs out is announced, and its end is said', async () => {
    const own = await startService(env)
    const page = await open(new URL(`/?token=${await tokenFor('ada', 'Ada', 5)}`, own.address).href)
    await connected(page)
    await page.getByText('Your token expires within half a minute.').first().waitFor()
    await page.getByText('Your token has expired.').waitFor()
    expect(await state(page).getByText('Disconnected').count()).toBe(1)
    await own.stop()
  })

  test('[PAGE] a server with another secret: the page stops, keeps what was read, and says why', async () => {
    const before = await startService(env)
    const page = await open(new URL(`/?token=${await tokenFor('ada', 'Ada')}`, before.address).href)
    await connected(page)
    await say(page, 'still readable')
    await sent(page, 'still readable')
    await before.stop()
    await state(page).getByText('Reconnecting').waitFor()
    const after = await startService({ PARLOR_AUTH_SECRET: `${SECRET}, another` }, before.port)
    await page.getByText('The server no longer accepts your token').waitFor()
    expect(await texts(page)).toEqual(['still readable'])
    await after.stop()
  })
})

describe('the chat page and what a server may do', { timeout: TIMEOUT }, () => {
  interface Frame {
    readonly type: string
    readonly ref?: number
    readonly room: string
    readonly id: string
    readonly content: string
    readonly age?: number
    readonly history?: number
    readonly since?: object
  }
  const ME = { id: 'ada', name: 'Ada' }
  const JUN = { id: 'jun', name: 'Jun' }

  /** The page of the service with a WebSocket whose other end is played by the test. */
  async function played(answer: (frame: Frame, peer: Peer) => void): Promise<{ page: Page; peers: Peer[] }> {
    const context = await browser.newContext({ locale: 'en-GB' })
    contexts.add(context)
    const page = await context.newPage()
    const peers: Peer[] = []
    await page.routeWebSocket(/\/ws\?/, (socket) => {
      const peer: Peer = {
        frames: [],
        address: socket.url(),
        send: (...frames) => socket.send(frames.map((frame) => JSON.stringify(frame)).join('\n')),
        close: (code, reason) => void socket.close({ code, reason }),
      }
      peers.push(peer)
      socket.onMessage((data) => {
        const frame: Frame = JSON.parse(String(data))
        peer.frames.push(frame)
        answer(frame, peer)
      })
      peer.send({
        type: 'welcome',
        connection: `c${peers.length}`,
        user: ME,
        heartbeat: 30_000,
        limits: { message: 65_536, room: 128, rooms: 128, pending: 32 },
        reconnect: { after: 0, window: 200 },
        session: `session-${peers.length}`,
      })
    })
    const token = await sign({ sub: 'ada', name: 'Ada' }, SECRET, 'HS256')
    await page.goto(new URL(`/?token=${token}`, service.address).href)
    await connected(page)
    return { page, peers }
  }
  interface Peer {
    readonly frames: Frame[]
    readonly address: string
    send(...frames: object[]): void
    close(code: number, reason: string): void
  }
  /** Where the stream goes on after what the page holds already. */
  const joined = ({ room, ref, since }: Frame): object => ({
    type: 'joined',
    room,
    ref,
    position: since ?? { epoch: 'e1', offset: 0 },
    recovered: since !== undefined,
  })
  const joinedAt = ({ room, ref }: Frame, offset: number): object => ({
    type: 'joined',
    room,
    ref,
    position: { epoch: 'e1', offset, id: `m${offset}` },
    recovered: false,
  })
  const line = (offset: number, content: string, extra: object = {}): object => ({
    type: 'chat',
    room: 'lobby',
    offset,
    id: `m${offset}`,
    from: JUN,
    time: Date.now(),
    content,
    ...extra,
  })
  const log = (page: Page): Locator => page.locator('[role=log]:not([hidden])')

  test('[SUB-3] several messages in a frame, [ROOM-5] a gap and a reset are shown where they are', async () => {
    const { page } = await played((frame, peer) => {
      if (frame.type !== 'join') return
      peer.send(joined(frame), line(1, 'one'), line(2, 'two'))
      peer.send({ type: 'gap', room: 'lobby', from: 3, to: 5, missed: 3 }, line(6, 'six'))
      peer.send({ type: 'reset', room: 'lobby', position: { epoch: 'e2', offset: 0 }, reason: 'lost' })
      peer.send(line(1, 'one again', { id: 'n1' }))
    })
    await seen(page, 'one again')
    expect(await log(page).locator('.text, .divider').allTextContents()).toEqual([
      'one',
      'two',
      '3 messages were missed',
      'six',
      'This room was started anew; what was written meanwhile may be missing',
      'one again',
    ])
  })

  test('[SDK-20] [SDK-22] after a reconnect it goes on where it stood, and shows what can not be had as missed', async () => {
    let joins = 0
    const { page, peers } = await played((frame, peer) => {
      if (frame.type !== 'join') return
      joins++
      if (joins === 1) peer.send(joined(frame), line(1, 'one'), line(2, 'two'))
      if (joins === 2) {
        expect(frame.since).toEqual({ epoch: 'e1', offset: 2, id: 'm2' })
        peer.send(joined(frame), line(3, 'three'))
      }
      if (joins === 3) peer.send(joinedAt(frame, 9), line(10, 'ten'))
    })
    await seen(page, 'two')
    peers[0]?.close(4003, 'overloaded')
    await seen(page, 'three')
    peers[1]?.close(4000, 'going_away')
    await seen(page, 'ten')
    expect(await log(page).locator('.text, .divider').allTextContents()).toEqual([
      'one',
      'two',
      'three',
      '6 messages were missed',
      'ten',
    ])
    // WS-18: the old connection's place is taken, should the server believe it alive.
    expect(new URL(peers[1]?.address ?? '').searchParams.get('session')).toBe('session-1')
  })

  test('[ROOM-10] an unanswered message is sent again under its id, with its age, and stands there once', async () => {
    const { page, peers } = await played((frame, peer) => {
      if (frame.type === 'join') peer.send(joined(frame))
      if (frame.type !== 'chat' || peer === peers[0]) return
      const position = { epoch: 'e1', offset: 1, id: 'm1' }
      peer.send(line(1, frame.content, { from: ME, clientId: frame.id }))
      peer.send({ type: 'ack', ref: frame.ref, room: 'lobby', duplicate: true, position })
    })
    await say(page, 'is it there?')
    await expect.poll(() => peers[0]?.frames.at(-1)?.content).toBe('is it there?')
    peers[0]?.close(4001, 'heartbeat_timeout')
    await sent(page, 'is it there?')
    expect(await texts(page)).toEqual(['is it there?'])
    const [first, again] = [peers[0]?.frames.at(-1), peers[1]?.frames.at(-1)]
    expect(first?.age).toBeUndefined()
    expect(again?.id).toBe(first?.id)
    expect(again?.age).toBeGreaterThanOrEqual(0)
  })

  /** Refuses the first publish, and takes the next one. */
  async function refusing(code: string, message: string, retryable: boolean): Promise<{ page: Page; ids: string[] }> {
    const ids: string[] = []
    const { page } = await played((frame, peer) => {
      if (frame.type === 'join') peer.send(joined(frame))
      if (frame.type !== 'chat') return
      ids.push(frame.id)
      if (ids.length === 1) peer.send({ type: 'error', ref: frame.ref, code, message, retryable })
      else peer.send(line(1, frame.content, { from: ME, clientId: frame.id }))
    })
    return { page, ids }
  }

  test('[SDK-32] a message refused for the time being is sent again by itself, under the same id', async () => {
    const { page, ids } = await refusing('rate_limited', 'Slower, please', true)
    await say(page, 'quick')
    await sent(page, 'quick')
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
    expect(await page.getByRole('button', { name: /^Retry/ }).count()).toBe(0)
  })

  test('[SDK-32] a refused message is marked, and sent again by its button under the same id', async () => {
    const { page, ids } = await refusing('forbidden', 'Not here', false)
    await say(page, 'secret')
    await page.locator('.fate').getByText('Not sent: Not here').waitFor()
    await page.getByRole('button', { name: 'Retry: secret' }).click()
    await sent(page, 'secret')
    expect(new Set(ids).size).toBe(1)
    expect(await page.getByRole('button', { name: /^Retry/ }).count()).toBe(0)
  })

  test('[PAGE] a room that can not be joined, and one that the server ends, are said', async () => {
    const { page, peers } = await played((frame, peer) => {
      const refusal = { type: 'error', ref: frame.ref, code: 'forbidden', message: 'Not for you', retryable: false }
      if (frame.type === 'join') peer.send(frame.room === 'attic' ? refusal : joined(frame))
    })
    await page.getByLabel('Name of a room to join').fill('attic')
    await page.getByRole('button', { name: 'Join the room' }).click()
    await page.locator('#notice').getByText('“attic” can’t be joined: Not for you').waitFor()
    await page.getByRole('heading', { level: 2, name: 'lobby' }).waitFor()
    peers[0]?.send({ type: 'left', room: 'lobby' })
    await log(page).getByText('You are no longer in this room').waitFor()
    expect(await field(page).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Join again' }).click()
    await expect.poll(() => peers[0]?.frames.filter((frame) => frame.room === 'lobby').length).toBe(2)
    expect(await field(page).isEnabled()).toBe(true)
  })

  test('[WS-18] a connection that was replaced (4501) does not come back by itself', async () => {
    const { page, peers } = await played((frame, peer) => {
      if (frame.type === 'join') peer.send(joined(frame))
    })
    peers[0]?.close(4501, 'replaced')
    await page.getByText('This chat was taken over by another window.').waitFor()
    await state(page).getByText('Disconnected').waitFor()
    expect(peers).toHaveLength(1)
    await page.getByRole('button', { name: 'Continue here' }).click()
    await connected(page)
    expect(peers).toHaveLength(2)
  })

  test('[PAGE] a long log keeps at most 500 messages on the page', async () => {
    const { page } = await played((frame, peer) => {
      if (frame.type !== 'join') return
      peer.send(joined(frame))
      for (let at = 1; at <= 1200; at += 60) {
        peer.send(...Array.from({ length: 60 }, (_, i) => line(at + i, `line ${at + i}`)))
      }
    })
    await seen(page, 'line 1200')
    expect(await messages(page).count()).toBe(500)
    const fromBottom =
      '(() => { const log = document.querySelector("[role=log]:not([hidden])"); return log.scrollHeight - log.scrollTop - log.clientHeight })()'
    await expect.poll(() => page.evaluate<number>(fromBottom)).toBeLessThan(2)
  })
})

/** By hand what an audit would look at: names, labels, landmarks, headings, ids, contrast. Runs in the page. */
const AUDIT = `(() => {
  const faults = []
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.closest('[inert], [aria-hidden=true]') === null
  const words = (e) => [...e.childNodes].map((n) => n.nodeType === 3 ? n.data : n.nodeType === 1 && n.getAttribute('aria-hidden') !== 'true' ? n.alt ?? words(n) : '').join(' ').trim()
  const nameOf = (e) => e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join('').trim() || [...(e.labels ?? [])].map(words).join('').trim() || (e.matches('input, textarea') ? '' : words(e))
  const label = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '.' + e.className)
  for (const e of document.querySelectorAll('button, input, textarea, select, a[href], [tabindex="0"], [role], nav, main')) if (shown(e) && !e.matches('[role=alert], [role=status], main.gate') && !nameOf(e)) faults.push('no name: ' + label(e))
  for (const e of document.querySelectorAll('button, input, textarea')) { if (!shown(e)) continue; const box = e.getBoundingClientRect(); if (box.height < 24 && !e.matches('.link')) faults.push('small target: ' + label(e)) }
  for (const e of document.querySelectorAll('img:not([alt])')) faults.push('no alt: ' + label(e))
  for (const e of document.querySelectorAll('[style], [onclick]')) if (e.id !== 'draft') faults.push('inline: ' + label(e))
  for (const e of document.querySelectorAll('[aria-describedby], [aria-controls], label[for]')) for (const name of ['aria-describedby', 'aria-controls', 'for']) { const id = e.getAttribute(name); if (id && document.getElementById(id) === null) faults.push('points to nothing: ' + label(e)) }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id)
  if (new Set(ids).size !== ids.length) faults.push('an id twice')
  if (document.documentElement.lang === '') faults.push('no language')
  if ([...document.querySelectorAll('main')].filter(shown).length !== 1) faults.push('not one main')
  if ([...document.querySelectorAll('h1')].filter(shown).length !== 1) faults.push('not one h1')
  const rgb = (text) => { const n = (text.match(/[\\d.]+/g) ?? []).map(Number); return n.length < 3 ? null : { c: n.slice(0, 3), a: n[3] ?? 1 } }
  const light = ({ c }) => { const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
  const ground = (e) => { for (let at = e; at; at = at.parentElement) { const found = rgb(getComputedStyle(at).backgroundColor); if (found && found.a === 1) return found } return { c: [255, 255, 255], a: 1 } }
  const check = (e, color, what) => { const [a, b] = [light(color), light(ground(e))].sort((x, y) => y - x); const ratio = (a + 0.05) / (b + 0.05); if (ratio < 4.5) faults.push('contrast ' + ratio.toFixed(2) + ': ' + what) }
  for (const e of document.body.querySelectorAll('*')) {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.closest('svg, :disabled') || getComputedStyle(e).clipPath !== 'none') continue
    if ([...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '')) check(e, rgb(getComputedStyle(e).color), label(e))
    if (e.placeholder) check(e, rgb(getComputedStyle(e, '::placeholder').color), label(e) + ' placeholder')
  }
  return faults
})()`
