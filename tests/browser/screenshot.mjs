/**
 * Makes docs/chat.png: two people chatting, 1280x800, light.
 *
 *   node tests/browser/screenshot.mjs 'http://127.0.0.1:3000/?token=<guest token>' [file.png] [--dark] [--phone]
 *
 * The address is the one that the service prints. Start the service anew before: what is in its rooms is in the picture.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const options = process.argv.slice(2)
const [address, file] = options.filter((word) => !word.startsWith('--'))
if (address === undefined) {
  console.error(
    "Usage: node tests/browser/screenshot.mjs 'http://127.0.0.1:3000/?token=...' [file.png] [--dark] [--phone]",
  )
  process.exit(2)
}
const target = file === undefined ? fileURLToPath(new URL('../../docs/chat.png', import.meta.url)) : resolve(file)
const phone = options.includes('--phone')
const colorScheme = options.includes('--dark') ? 'dark' : 'light'

function findChromium() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {
      // The next one.
    }
  }
  throw new Error('No Chromium found: install chromium, or set CHROMIUM_PATH to its path')
}

const browser = await chromium.launch({
  executablePath: findChromium(),
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

/** @param {string} name @param {import('playwright-core').BrowserContextOptions} context */
async function enter(name, context) {
  const page = await (await browser.newContext({ locale: 'en-GB', ...context })).newPage()
  await page.goto(address)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Enter' }).click()
  await page.getByText('Connected', { exact: true }).waitFor()
  return page
}

/** @param {import('playwright-core').Page} page @param {string} room */
async function join(page, room) {
  if (phone)
    await page
      .getByRole('button', { name: /^Rooms/ })
      .click()
      .catch(() => {})
  await page.getByLabel('Name of a room to join').fill(room)
  await page.getByLabel('Name of a room to join').press('Enter')
  await page.getByRole('heading', { level: 2, name: room, exact: true }).waitFor()
}

/** @param {import('playwright-core').Page} page @param {string} text */
async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.getByLabel('Message', { exact: true }).press('Enter')
  await page.locator('.log:not([hidden]) .message[data-state="sent"] .text', { hasText: text }).waitFor()
}

try {
  const size = phone ? { width: 390, height: 844 } : { width: 1280, height: 800 }
  const ada = await enter('Ada Moreno', {
    viewport: size,
    colorScheme,
    deviceScaleFactor: phone ? 2 : 1,
    hasTouch: phone,
    isMobile: phone,
  })
  const toneOf = (page) => page.locator('#me-avatar').getAttribute('class')
  let jun = await enter('Jun Park', { viewport: { width: 1280, height: 800 } })
  // Ids, and so colours, are made anew for every run: not twice the same one in the picture.
  for (let i = 0; i < 8 && (await toneOf(jun)) === (await toneOf(ada)); i++) {
    await jun.context().close()
    jun = await enter('Jun Park', { viewport: { width: 1280, height: 800 } })
  }
  for (const room of ['design', 'release']) {
    await join(ada, room)
    await join(jun, room)
  }
  for (const page of [ada, jun]) {
    if (phone && page === ada) await page.getByRole('button', { name: /^Rooms/ }).click()
    await page.getByRole('button', { name: /^lobby/ }).click()
  }
  const talk = [
    [jun, 'Morning! The new build is up on the staging host.'],
    [jun, 'I restarted it twice in the middle of the load test.'],
    [ada, 'And? Did anyone fall off?'],
    [jun, 'Nobody. Every client came back within two seconds and picked up right where it had stopped.'],
    [jun, 'Not one message twice, not one missing.'],
    [ada, 'Lovely. My train went through three tunnels on the way in and I only noticed because the dot turned amber.'],
    [jun, 'Then let’s ship it. I’ll write the notes in #release.'],
    [ada, 'I’ll bring coffee.'],
  ]
  for (const [page, text] of talk) await say(page, text)
  await jun.getByRole('button', { name: /^release/ }).click()
  await say(jun, 'Draft of the notes is ready to read.')
  await say(jun, 'Comments until noon, please.')
  await ada.getByText('I’ll bring coffee.').first().waitFor()
  if (!phone) await ada.getByRole('button', { name: /^release 2 unread/ }).waitFor()
  await ada
    .locator('.log:not([hidden]) .message')
    .nth(talk.length - 1)
    .waitFor()
  mkdirSync(dirname(target), { recursive: true })
  await ada.screenshot({ path: target, caret: 'hide' })
  console.log(`Wrote ${target}`)
} finally {
  await browser.close()
}
