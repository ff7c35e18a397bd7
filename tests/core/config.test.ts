import { closestMatch } from 'leven'
import { describe, expect, test } from 'vitest'
import { type Config, ConfigError, describeSettings, type Environment, readConfig } from '../../src/core/config.ts'

const closest = (name: string, names: readonly string[]): string | undefined => closestMatch(name, [...names])

function problems(env: Environment): readonly string[] {
  try {
    readConfig(env, closest)
  } catch (reason) {
    if (reason instanceof ConfigError) return reason.problems
    throw reason
  }
  return []
}

describe('config', () => {
  test('config: nothing set, SPEC.md holds', () => {
    const expected: Partial<Config> = {
      PORT: 3000,
      PARLOR_AUTH: 'on',
      PARLOR_AUTH_SECRET: '',
      PARLOR_ALLOWED_ORIGINS: [],
      PARLOR_HISTORY_SIZE: 100,
      PARLOR_HISTORY_TTL: 300_000,
      PARLOR_HISTORY_BYTES: 4 * 1024 * 1024,
      PARLOR_HISTORY_TOTAL: 256 * 1024 * 1024,
      PARLOR_STORE: { kind: 'memory' },
      PARLOR_HEARTBEAT_INTERVAL: 30_000,
      PARLOR_HEARTBEAT_GRACE: 10_000,
      PARLOR_MAX_MESSAGE_SIZE: 65_536,
      PARLOR_MAX_ROOM_NAME: 128,
      PARLOR_MAX_ROOMS: 128,
      PARLOR_MAX_BAD_FRAMES: 20,
    }
    expect(readConfig({}, closest)).toMatchObject(expected)
  })

  test('config: an empty variable is not set, others are none of its business', () => {
    expect(readConfig({ PORT: '', PARLOR_AUTH: '', HOME: '/root', PARLORS: 'x' }, closest).PORT).toBe(3000)
  })

  test('config: values are read in their units', () => {
    const read = readConfig(
      {
        PORT: '0',
        PARLOR_HISTORY_TTL: '1.5m',
        PARLOR_HISTORY_BYTES: '64KiB',
        PARLOR_ALLOWED_ORIGINS: ' https://a.example , http://localhost:5173,',
      },
      closest,
    )
    expect(read.PORT).toBe(0)
    expect(read.PARLOR_HISTORY_TTL).toBe(90_000)
    expect(read.PARLOR_HISTORY_BYTES).toBe(65_536)
    expect(read.PARLOR_ALLOWED_ORIGINS).toEqual(['https://a.example', 'http://localhost:5173'])
  })

  test('config: a store is memory or a file', () => {
    const store = (text: string) => readConfig({ PARLOR_STORE: text }, closest).PARLOR_STORE
    expect(store('memory')).toEqual({ kind: 'memory' })
    expect(store('sqlite:./a b.db')).toEqual({ kind: 'sqlite', file: './a b.db' })
    expect(store('sqlite:/x:y.db')).toEqual({ kind: 'sqlite', file: '/x:y.db' })
    for (const bad of ['sqlite', 'sqlite:', 'sqlite3:x', 'Memory', './parlor.db']) {
      expect(problems({ PARLOR_STORE: bad })).toEqual([
        `PARLOR_STORE: "${bad}" is not memory, or sqlite: and a file, such as sqlite:./parlor.db`,
      ])
    }
  })

  test('config: an unknown name is refused, with the one it is like', () => {
    expect(problems({ PARLOR_HISTROY_SIZE: '5' })).toEqual([
      'PARLOR_HISTROY_SIZE: there is no such setting; do you mean PARLOR_HISTORY_SIZE?',
    ])
    expect(() => readConfig({ PARLOR_X: '1' }, () => undefined)).toThrow(/^PARLOR_X: there is no such setting$/)
  })

  test('config: every bad value is named, once, with what it should be', () => {
    const bad = {
      PORT: '65536',
      PARLOR_AUTH: 'maybe',
      PARLOR_HISTORY_SIZE: '0',
      PARLOR_HISTORY_TTL: '5 parsecs',
      PARLOR_HEARTBEAT_GRACE: '99ms',
      PARLOR_MAX_MESSAGE_SIZE: 'huge',
      PARLOR_ALLOWED_ORIGINS: 'https://a.example/path',
      PARLOR_MAX_ROOMS: '-1',
      PARLOR_LOG_LEVEL: 'loud',
      PARLOR_NONSENSE: 'x',
    }
    const found = problems(bad)
    expect(found.map((line) => line.split(':')[0]).sort()).toEqual(Object.keys(bad).sort())
    expect(found).toContain('PORT: "65536" is not a whole number from 0 to 65535')
    expect(found).toContain('PARLOR_AUTH: "maybe" is not on or off')
    expect(found).toContain('PARLOR_HEARTBEAT_GRACE: "99ms" is not a duration of at least 100ms, such as 30s')
  })

  test('config: a secret that is too short is refused and never printed', () => {
    const secret = 'hunter2-hunter2'
    const found = problems({ PARLOR_AUTH_SECRET: secret, PARLOR_AUTH_SECRETS: secret, PARLOR_AUTH: 'no' })
    expect(found).toHaveLength(3)
    expect(found.join('\n')).not.toContain('hunter2')
    expect(found).toContain('PARLOR_AUTH_SECRET: its value is not long enough: at least 32 characters')
  })

  test('config: help has every setting with its default', () => {
    const help = describeSettings()
    expect(help).toMatch(/PARLOR_HISTORY_TTL +how long they are kept \[300s\]/)
    for (const name of Object.keys(readConfig({}, closest))) expect(help).toContain(`  ${name} `)
  })
})
