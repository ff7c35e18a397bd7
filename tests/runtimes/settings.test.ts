import { describe, expect, test } from 'vitest'
import { ConfigError, type Environment } from '../../src/core/config.ts'
import { readSettings } from '../../src/runtimes/service-settings.ts'

function problems(env: Environment): readonly string[] {
  try {
    readSettings(env)
  } catch (reason) {
    if (reason instanceof ConfigError) return reason.problems
    throw reason
  }
  return []
}

/** What Kubernetes sets in every container beside a Service of this name. */
function serviceLinks(name: string): Environment {
  const prefix = name.toUpperCase().replaceAll('-', '_')
  return {
    [`${prefix}_SERVICE_HOST`]: '10.0.0.11',
    [`${prefix}_SERVICE_PORT`]: '3000',
    [`${prefix}_SERVICE_PORT_HTTP`]: '3000',
    [`${prefix}_PORT`]: 'tcp://10.0.0.11:3000',
    [`${prefix}_PORT_3000_TCP`]: 'tcp://10.0.0.11:3000',
    [`${prefix}_PORT_3000_TCP_PROTO`]: 'tcp',
    [`${prefix}_PORT_3000_TCP_PORT`]: '3000',
    [`${prefix}_PORT_3000_TCP_ADDR`]: '10.0.0.11',
    [`${prefix}_PORT_3001_UDP`]: 'udp://10.0.0.11:3001',
  }
}

describe('settings of the service', () => {
  test.each(['parlor', 'parlor-redis', 'parlor-2'])('settings: a Kubernetes Service named %s stops nothing', (name) => {
    expect(problems(serviceLinks(name))).toEqual([])
    expect(readSettings({ ...serviceLinks(name), PORT: '8080' }).PORT).toBe(8080)
  })

  test('settings: what only looks like a Service is refused', () => {
    expect(problems({ PARLOR_PORT: '3000' })).toEqual(['PARLOR_PORT: there is no such setting; do you mean PORT?'])
    expect(problems({ PARLOR_HOST: '0.0.0.0' })).toEqual(['PARLOR_HOST: there is no such setting; do you mean HOST?'])
    expect(problems({ PARLOR_PORTS: '1', PARLOR_SERVICE: 'x', PARLOR_MAX_SERVICE_HOSTS: '1' })).toHaveLength(3)
  })

  test.each([
    ['PARLOR_HEARTBEET', 'PARLOR_HEARTBEAT_INTERVAL'],
    ['PARLOR_SECRET', 'PARLOR_AUTH_SECRET'],
    ['PARLOR_HISTORY_SIZ', 'PARLOR_HISTORY_SIZE'],
    ['PARLOR_MAX_ROOM', 'PARLOR_MAX_ROOM_NAME'],
    ['PARLOR_STROE', 'PARLOR_STORE'],
  ])('settings: %s is answered with %s', (name, meant) => {
    expect(problems({ [name]: '1' })).toEqual([`${name}: there is no such setting; do you mean ${meant}?`])
  })

  test.each([
    ['auto', undefined],
    ['0', 0],
    ['16', 16],
  ])('settings: PARLOR_WRITER_THREADS is %s', (text, threads) => {
    expect(readSettings({ PARLOR_WRITER_THREADS: text }).PARLOR_WRITER_THREADS).toBe(threads)
  })

  test.each(['17', '-1', '1.5', 'all', '100'])('settings: PARLOR_WRITER_THREADS can not be %s', (text) => {
    expect(problems({ PARLOR_WRITER_THREADS: text })).toEqual([
      `PARLOR_WRITER_THREADS: "${text}" is not auto, or a whole number from 0 to 16`,
    ])
  })

  test('[WS-6] a message size above the largest frame can not take effect: refused', () => {
    expect(readSettings({ PARLOR_MAX_MESSAGE_SIZE: '1MiB' }).PARLOR_MAX_MESSAGE_SIZE).toBe(1_048_576)
    for (const size of ['1048577', '2MiB', '1GB']) {
      expect(problems({ PARLOR_MAX_MESSAGE_SIZE: size })).toEqual([
        `PARLOR_MAX_MESSAGE_SIZE: "${size}" is not a size of at most 1MiB (no frame is larger), such as 64KiB`,
      ])
    }
  })

  test('[ORIGIN-1] an entry that is no origin is named', () => {
    const expected = 'a list of origins such as https://example.org, or *'
    expect(problems({ PARLOR_ALLOWED_ORIGINS: 'https://a.example,b.example,https://c.example/path' })).toEqual([
      `PARLOR_ALLOWED_ORIGINS: "https://a.example,b.example,https://c.example/path" is not ${expected}: ` +
        '"b.example" and "https://c.example/path" are none',
    ])
    for (const entry of ['https://1.2.3.256', 'https://a:65536', 'https://user@a', 'https://a?', 'null', 'https://']) {
      expect(problems({ PARLOR_ALLOWED_ORIGINS: `https://a.example,${entry}` })).toEqual([
        `PARLOR_ALLOWED_ORIGINS: "https://a.example,${entry}" is not ${expected}: "${entry}" is none`,
      ])
    }
  })

  test('[ORIGIN-1] an origin may be written in any case, with its default port and a slash', () => {
    const origins = 'HTTPS://A.Example:443/, http://b:80, http://[::1]:5173, chrome-extension://abc, *'
    expect(problems({ PARLOR_ALLOWED_ORIGINS: origins })).toEqual([])
  })
})
