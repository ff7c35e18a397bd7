import { describe, expect, test } from 'vitest'
import { isAllowedOrigin, originOf } from '../../src/http/origin.ts'

const allows = (origin: string, { host = 'app.test', allowed = [] as readonly string[] } = {}): boolean =>
  isAllowedOrigin(new Request('http://internal/ws', { headers: { Origin: origin, Host: host } }), allowed)

describe('origins', () => {
  test.each([
    ['https://A.Example', 'https://a.example'],
    ['https://a.example/', 'https://a.example'],
    ['https://a.example:443', 'https://a.example'],
    ['http://a.example:80', 'http://a.example'],
    ['http://a.example:443', 'http://a.example:443'],
    ['HTTP://[::1]:80/', 'http://[::1]'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['chrome-extension://AbCd', 'chrome-extension://abcd'],
  ])('[ORIGIN-1] %s is %s', (text, origin) => {
    expect(originOf(text)).toBe(origin)
  })

  test.each([
    'null',
    '',
    'a.example',
    'https://',
    'https://a/b',
    'https://a?b',
    'https://a#b',
    'https://u@a',
    'data:x',
    'https://*.example',
  ])('[ORIGIN-1] %j is no origin', (text) => {
    expect(originOf(text)).toBeUndefined()
  })

  test('[ORIGIN-1] the own host is the same with and without its default port, in any case', () => {
    expect(allows('http://app.test', { host: 'app.test:80' })).toBe(true)
    expect(allows('http://app.test:80', { host: 'app.test' })).toBe(true)
    expect(allows('https://app.test', { host: 'App.Test:443' })).toBe(true)
    expect(allows('HTTPS://APP.test', { host: 'app.test' })).toBe(true)
    // Another port is another origin, whichever scheme it is the default of.
    expect(allows('http://app.test', { host: 'app.test:443' })).toBe(false)
    expect(allows('https://app.test', { host: 'app.test:80' })).toBe(false)
    expect(allows('https://app.test.evil.test', { host: 'app.test' })).toBe(false)
  })

  test('[ORIGIN-1] an allowed origin too', () => {
    const allowed = ['https://a.example', 'http://b.example:8080']
    expect(allows('https://a.example:443', { allowed })).toBe(true)
    expect(allows('https://A.example', { allowed })).toBe(true)
    expect(allows('http://b.example:8080', { allowed })).toBe(true)
    expect(allows('http://b.example', { allowed })).toBe(false)
    expect(allows('http://a.example', { allowed })).toBe(false)
    expect(allows('null', { allowed })).toBe(false)
    expect(allows('null', { allowed: ['*'] })).toBe(true)
  })
})
