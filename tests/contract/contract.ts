/** Every section of the contract, over one runtime. */
import { describe } from 'vitest'
import { access } from './access.contract.ts'
import { auth } from './auth.contract.ts'
import { badFrames } from './bad-frames.contract.ts'
import { chat } from './chat.contract.ts'
import { connections } from './connections.contract.ts'
import { content } from './content.contract.ts'
import { drain } from './drain.contract.ts'
import { echo } from './echo.contract.ts'
import type { Fixture } from './fixtures.ts'
import { floods } from './floods.contract.ts'
import { framing } from './framing.contract.ts'
import { type Ground, shared } from './ground.ts'
import { http } from './http.contract.ts'
import { membership } from './membership.contract.ts'
import { protocol } from './protocol.contract.ts'
import { resumption } from './resume.contract.ts'
import { retries } from './retries.contract.ts'
import { rooms } from './rooms.contract.ts'

const SECTIONS = [
  http,
  auth,
  access,
  echo,
  chat,
  protocol,
  badFrames,
  membership,
  rooms,
  retries,
  resumption,
  content,
  framing,
  connections,
  floods,
  drain,
] as const

export function contract(fixture: Fixture): void {
  describe(fixture.name, { timeout: 30_000 }, () => {
    const ground: Ground = { fixture, served: shared(fixture) }
    for (const section of SECTIONS) section(ground)
  })
}
