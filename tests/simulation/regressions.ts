/**
 * Seeds that broke a rule once, each with the fault behind it. They are kept, though a change to what the simulation draws makes other
 * runs of them: the faults themselves are tests in tests/core, and some are put in again by mutations/inside.ts.
 */
export const REGRESSIONS: readonly { readonly seed: number; readonly what: string }[] = [
  { seed: 50, what: 'a fork that lay behind the floor of the log was told as a gap' },
  { seed: 89, what: 'a member waited for ever for its turn to read the log' },
  { seed: 323, what: 'a gap was told where a shorter replica had been promoted' },
  { seed: 781, what: 'announcements of a dead branch that were held were delivered after the reset' },
  {
    seed: 1721,
    what: 'not recovered, though the log had everything: the engine was away in the middle of the question',
  },
  { seed: 2199, what: 'a room that waited to be compared went on from its dead copy' },
  { seed: 2294, what: 'the same as 89, with another way into it' },
  { seed: 2788, what: 'a copy in doubt took an announcement before it had been compared' },
]
