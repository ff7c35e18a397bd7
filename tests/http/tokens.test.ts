import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signToken, tokenReader } from '../../src/http/tokens.ts'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as any other issuer would make it. */
function tokenOf(secret: string): string {
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'ada' })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const SECRETS = [
  ['plain', 'x'.repeat(32)],
  ['that speaks of a PRIVATE key', '-----BEGIN PRIVATE KEY----- is what this is not'],
  ['that speaks of a PUBLIC key', 'nothing about this PUBLIC word makes it a key'],
  ['not of ASCII', 'sésame, ouvre-toi, s’il te plaît'],
] as const

describe('tokens', () => {
  test.each(SECRETS)('[AUTH-3] a secret %s signs and checks, as any issuer does with it', async (_, secret) => {
    const read = tokenReader(secret)
    expect(await read(tokenOf(secret))).toEqual({ sub: 'ada' })
    expect(await tokenReader(secret)(await signToken({ sub: 'ada', name: 'Ada' }, secret))).toEqual({
      sub: 'ada',
      name: 'Ada',
    })
    expect(await read(tokenOf(`${secret}.`))).toBeUndefined()
  })

  test('[AUTH-3] the first tokens may come all at once', async () => {
    const [, secret] = SECRETS[0]
    const read = tokenReader(secret)
    const claims = await Promise.all(Array.from({ length: 20 }, () => read(tokenOf(secret))))
    expect(claims).toEqual(Array(20).fill({ sub: 'ada' }))
  })
})
