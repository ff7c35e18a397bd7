import { describe, expect, test } from 'vitest'
import { createParlor } from '../../../src/runtimes/worker/index.ts'
import { unchecked } from '../../unchecked.ts'

const made = (options: object) => (): unknown => createParlor(unchecked({ auth: 'off', ...options }))

describe('[WORKER-2] options on Workers', () => {
  test.each([{ shards: 4 }, { binding: 'ROOMS' }, { binding: undefined, shards: undefined }])(
    'there is %j',
    (options) => {
      expect(made(options)).not.toThrow()
    },
  )

  test.each([
    [{ shards: 0 }, 'shards is 0; it must be a whole number, at least 1'],
    [{ shards: '4' }, 'shards is 4; it must be a whole number'],
    [{ binding: 5 }, 'binding is 5; it must be the name of a binding'],
    [{ shard: 4 }, 'shard is no option; do you mean shards?'],
    [{ maxLinger: 25 }, 'maxLinger is no option'],
    [{ drainWindow: 5000 }, 'drainWindow is no option'],
    [{ writerThreads: 1 }, 'writerThreads is no option'],
    [{ adapter: () => {} }, 'adapter is no option'],
    [{ guestTokens: false }, 'guestTokens is no option'],
  ])('%j can not be', (options, problem) => {
    expect(made(options)).toThrow(problem)
  })
})
