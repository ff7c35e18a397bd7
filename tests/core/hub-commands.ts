import fc from 'fast-check'

export const ROOMS = ['a', 'b'] as const

const who = fc.nat(2)
const room = fc.constantFrom(...ROOMS)
const bytes = fc.oneof({ weight: 6, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(40_000) })
const call = fc.constantFrom('subscribe' as const, 'unsubscribe' as const, 'publish' as const, 'history' as const)

const join = fc.record({ do: fc.constant('join' as const), who, room, history: fc.constantFrom(0, 0, 3, 30) })
const leave = fc.record({ do: fc.constant('leave' as const), who, room })
const publish = fc.record({
  do: fc.constant('publish' as const),
  who,
  room,
  kind: fc.constantFrom('chat' as const, 'event' as const, 'transient' as const, 'retry' as const),
  bytes,
})
const burst = fc.record({ do: fc.constant('burst' as const), room, count: fc.integer({ min: 1, max: 60 }), bytes })
const ping = fc.record({ do: fc.constant('ping' as const), who, count: fc.integer({ min: 1, max: 40 }) })
const socket = fc.record({
  do: fc.constant('socket' as const),
  who,
  act: fc.constantFrom('shut' as const, 'shut' as const, 'open' as const, 'die' as const, 'break' as const),
})
const take = fc.record({ do: fc.constant('take' as const), who, bytes: fc.nat(60_000) })
const turn = fc.record({ do: fc.constant('turn' as const) })
const time = fc.record({ do: fc.constant('time' as const), ms: fc.nat(3000) })
const delay = fc.record({ do: fc.constant('delay' as const), call: fc.option(call, { nil: undefined }) })
const release = fc.record({ do: fc.constant('release' as const), count: fc.integer({ min: 1, max: 4 }) })
/** An `unsubscribe` that fails has a test of its own. */
const fail = fc.record({
  do: fc.constant('fail' as const),
  call: fc.constantFrom('subscribe' as const, 'publish' as const, 'history' as const),
})
const carry = fc.record({
  do: fc.constant('carry' as const),
  how: fc.constantFrom('drop' as const, 'repeat' as const, 'hold' as const, 'swap' as const, 'well' as const),
})
const epoch = fc.record({ do: fc.constant('epoch' as const) })

const usual = [
  { weight: 5, arbitrary: join },
  { weight: 2, arbitrary: leave },
  { weight: 6, arbitrary: publish },
  { weight: 4, arbitrary: burst },
  { weight: 2, arbitrary: ping },
  { weight: 2, arbitrary: socket },
  { weight: 5, arbitrary: take },
  { weight: 5, arbitrary: turn },
  { weight: 1, arbitrary: time },
] as const

/** What clients, sockets and time do. */
export const calm = fc.oneof(...usual)

/** The same with an adapter that answers late, fails, loses, repeats and reorders. */
export const stormy = fc.oneof(
  ...usual,
  { weight: 2, arbitrary: delay },
  { weight: 4, arbitrary: release },
  { weight: 1, arbitrary: fail },
  { weight: 2, arbitrary: carry },
)

/** The same with logs that are lost. */
export const wild = fc.oneof({ weight: 40, arbitrary: stormy }, { weight: 1, arbitrary: epoch })

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never
export type Command = Drawn<typeof wild>
export type Do<D extends Command['do']> = Extract<Command, { do: D }>
