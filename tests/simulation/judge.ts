import { check } from './checker/check.ts'
import type { Violation } from './checker/violation.ts'
import type { Profile } from './profile.ts'
import type { Run } from './simulation.ts'

/** What SPEC.md allows a socket beyond its high-water mark, as it is and in one turn. */
const TURN_ALLOWANCE = 512 * 1024
/** What a lagging member is sent at a time, and what surrounds a message's content in a frame. */
const [QUANTUM, FRAME] = [16 * 1024, 260]
/** 32 replies and 4 words beside them. */
const REPLIES = 36
/** 32 pending, and as many frames as fit into 256 KiB of held input. */
const REQUESTS = 32 + (256 * 1024) / 64

/** Judges a run by the rules of SPEC.md, with the sizes that this run had. */
export function judge({ profile, facts }: Run): Violation[] {
  return check(facts, {
    dedupeWindow: profile.engine.dedupeTtl,
    memory: {
      replies: REPLIES,
      requests: REQUESTS,
      buffered: TURN_ALLOWANCE + profile.network.scale * handedAtOnce(profile),
    },
  })
}

/** Bytes that are handed to a socket in one piece: a batch of half a log, a quantum, or a page of history. */
const handedAtOnce = ({ hubLimits, filling }: Profile): number =>
  QUANTUM + (Math.max(hubLimits.size / 2, 12) + 2) * (filling + FRAME)
