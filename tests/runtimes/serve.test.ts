import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ServeOptions, serve } from '../../src/runtimes/node/index.ts'
import { checkServeOptions } from '../../src/runtimes/serve-options.ts'
import { unchecked } from '../unchecked.ts'

const { fetch } = new Hono().get('/', (c) => c.text('here'))
const HEAD = 'serve was given options that can not be:'
const MISSPELT = `${HEAD}\n  port is "3000"; it must be a whole number from 0 to 65535 (0: any free one)\n  prot is no option; do you mean port?`

describe('options of serve', () => {
  test.each([
    [{}, 'fetch is undefined; it must be a function, such as app.fetch'],
    [{ fetch: new Hono() }, 'fetch is an object; it must be a function, such as app.fetch'],
    [{ fetch, port: '3000' }, 'port is "3000"; it must be a whole number from 0 to 65535 (0: any free one)'],
    [{ fetch, port: 65_536 }, 'port is 65536; it must be a whole number from 0 to 65535 (0: any free one)'],
    [{ fetch, port: null }, 'port is null; it must be a whole number from 0 to 65535 (0: any free one)'],
    [{ fetch, hostname: 5 }, 'hostname is 5; it must be a host name or address'],
    [{ fetch, hostname: '' }, 'hostname is ""; it must be a host name or address'],
    [{ fetch, prot: 1 }, 'prot is no option; do you mean port?'],
    [{ fetch, host: 'localhost' }, 'host is no option; do you mean hostname?'],
    [{ fetch, tls: {} }, 'tls is no option; there are fetch, port, hostname'],
  ])('serve: %j is refused with what it should be', (options, problem) => {
    expect(() => checkServeOptions(unchecked(options))).toThrow(new TypeError(`${HEAD}\n  ${problem}`))
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [fetch, 'a function'],
  ])('serve: options can not be %s', (options, what) => {
    expect(() => checkServeOptions(unchecked(options))).toThrow(
      new TypeError(`${HEAD}\n  options are ${what}; they must be an object such as { fetch: app.fetch, port: 3000 }`),
    )
  })

  test('serve: undefined is as not given, and a Hono app has what is needed', () => {
    const options: ServeOptions = { fetch, port: undefined, hostname: undefined }
    expect(() => checkServeOptions(options)).not.toThrow()
    expect(() => checkServeOptions(new Hono())).not.toThrow()
  })

  test('serve: on Node it rejects', async () => {
    await expect(serve(unchecked({ fetch, port: '3000', prot: 1 }))).rejects.toThrow(new TypeError(MISSPELT))
    await expect(serve(unchecked(undefined))).rejects.toThrow('options are undefined')
    const { port, stop } = await serve({ fetch, port: 0, hostname: '127.0.0.1' })
    onTestFinished(stop)
    expect(await (await globalThis.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('here')
  })

  test.each([
    ['Deno', 'node_modules/.bin/deno', ['eval', '--cached-only'], 'deno'],
    ['Bun', 'node_modules/bun/bin/bun.exe', ['-e'], 'bun'],
  ])('serve: on %s it throws', async (_, file, args, entry) => {
    const code = `const { serve } = await import('${new URL(`../../src/runtimes/${entry}/index.ts`, import.meta.url)}')
try { serve({ fetch() {}, port: '3000', prot: 1 }) } catch (reason) { console.log(String(reason)) }`
    const { stdout } = await promisify(execFile)(file, [...args, code])
    expect(stdout.trim()).toBe(`TypeError: ${MISSPELT}`)
  })
})
