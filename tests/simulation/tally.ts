import type { Fact } from './facts.ts'

/** Counts what kinds of things happened, so that a test can see that a simulation still makes them happen. */
export class Tally {
  readonly counts = new Map<string, number>()

  add(facts: readonly Fact[]): void {
    for (const fact of facts) {
      const kind = kindOf(fact)
      if (kind !== undefined) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    }
  }
}

function kindOf(fact: Fact): string | undefined {
  switch (fact.what) {
    case 'sent':
      return sent(fact.frame)
    case 'ended':
      return fact.code === undefined ? undefined : `closed ${fact.code}`
    case 'held':
      return fact.buffered > 65_536 ? 'slow socket' : fact.replies > 0 ? 'waiting replies' : undefined
    case 'forked':
    case 'trimmed':
      return fact.what
    case 'note':
      return fact.text.startsWith('fault') ? fact.text : undefined
    case 'app':
      return fact.event === 'published' && 'refused' in fact.outcome ? 'refused publish' : undefined
    default:
      return undefined
  }
}

function sent(frame: Extract<Fact, { what: 'sent' }>['frame']): string {
  switch (frame.type) {
    case 'joined':
      return frame.recovered ? 'recovered' : 'not recovered'
    case 'reset':
      return `reset ${frame.reason}`
    case 'ack':
      return frame.duplicate ? 'duplicate' : 'ack'
    case 'error':
      return `error ${frame.code}`
    case 'history':
      return frame.intact ? 'page' : 'page that is not intact'
    default:
      return frame.type
  }
}
