import type { LogLimits } from '../../src/core/broadcast-adapter.ts'
import type { Heartbeat } from '../../src/core/settings.ts'
import type { Chance } from './chance.ts'
import type { EngineLimits } from './engine/engine-log.ts'
import type { LinkQuality } from './engine/link.ts'
import { FAULTS, type FaultKind } from './faults.ts'
import type { NetworkOptions } from './network/network.ts'

/** What one run is like. A run has a few kinds of trouble only, so that each is seen without the others. */
export interface Profile {
  readonly hubs: number
  readonly clients: number
  readonly rooms: readonly string[]
  /** ms of trouble. */
  readonly duration: number
  readonly network: NetworkOptions
  readonly link: LinkQuality
  readonly engine: EngineLimits
  readonly hubLimits: LogLimits
  readonly heartbeat: Heartbeat
  /** ms between two things that clients do, on average. */
  readonly pace: number
  /** ms between two faults, on average. */
  readonly peace: number
  readonly faults: readonly FaultKind[]
  /** The application's hooks take their time. */
  readonly slowHooks: boolean
  /** Tokens run out soon. */
  readonly shortTokens: boolean
  /** Characters that messages are filled up to, at most. */
  readonly filling: number
  /** Announcements may be lost while the link is up: then only a later one shows it. */
  readonly isSilent: boolean
}

const ROOMS = [...'abcdefghijklmnopqrstuvwx']
const HEARTBEAT: Heartbeat = { interval: 4000, grace: 2000 }

export function drawProfile(chance: Chance): Profile {
  const profile = drawCommon(chance)
  return chance.perMille(80) ? crowded(chance, profile) : profile
}

/** More rooms than a hub compares at a time, in one hub that keeps little of their logs, over an engine that changes them. */
const crowded = (chance: Chance, profile: Profile): Profile => ({
  ...profile,
  hubs: 1,
  rooms: ROOMS,
  hubLimits: { ...profile.hubLimits, size: chance.pick([3, 60]) },
  faults: ['promote replica', 'break link', ...profile.faults],
})

function drawCommon(chance: Chance): Profile {
  const isSilent = chance.perMille(300)
  return {
    hubs: chance.between(1, 3),
    clients: chance.between(2, 5),
    rooms: ROOMS.slice(0, chance.between(1, 3)),
    duration: chance.between(400, 2500),
    network: {
      delay: chance.pick([2, 10, 40]),
      window: chance.pick([500, 2000, 20_000]),
      scale: chance.pick([1, 20, 100]),
    },
    link: {
      delay: chance.pick([1, 5, 20]),
      loss: isSilent ? chance.pick([10, 50, 200]) : 0,
      repeat: chance.pick([0, 0, 50, 200]),
      reorder: chance.pick([0, 0, 50, 200]),
    },
    engine: {
      size: chance.pick([4, 15, 60]),
      ttl: chance.pick([1500, 60_000, 300_000]),
      dedupeTtl: chance.pick([1000, 300_000, 300_000]),
    },
    hubLimits: {
      size: chance.pick([3, 10, 60]),
      ttl: chance.pick([1500, 60_000]),
      bytes: chance.pick([1500, 1 << 22]),
    },
    heartbeat: HEARTBEAT,
    pace: chance.pick([10, 20, 60]),
    peace: chance.pick([50, 150, 400]),
    faults: possible(FAULTS.filter(() => chance.perMille(350))),
    slowHooks: chance.perMille(150),
    shortTokens: chance.perMille(100),
    filling: chance.pick([0, 40, 400]),
    isSilent,
  }
}

/** Who sleeps while the clock is set can't know how long that was: no client is asked to. */
const possible = (faults: readonly FaultKind[]): readonly FaultKind[] =>
  faults.includes('set client clock') ? faults.filter((kind) => kind !== 'sleep client') : faults
