import type { HubProcess } from './hub/hub-process.ts'
import type { Notice, Wire } from './network/wire.ts'
import type { World } from './world.ts'

/** What can go wrong. A run has some of these. */
export const FAULTS = [
  'cut',
  'half-open',
  'partition client',
  'stall client',
  'sleep client',
  'set client clock',
  'restart client',
  'flap',
  'kill hub',
  'drain hub',
  'stop hub',
  'break link',
  'stop link',
  'busy engine',
  'restart engine',
  'promote replica',
  'trim log',
  'lose log',
] as const
export type FaultKind = (typeof FAULTS)[number]

/** Makes something go wrong. What it breaks for a while is whole again some time later, or in `mend`. */
export function strike(world: World, kind: FaultKind): void {
  world.recorder.note(`fault: ${kind}`)
  DO[kind](world)
}

/** Ends all trouble. */
export function mend(world: World): void {
  world.isCalm = true
  world.failing = 0
  world.network.healAll()
  for (const wire of world.network.wires) wire.down.go('stall')
  for (const { adapter } of world.hubs()) adapter.go()
  for (const slot of world.slots) {
    if (slot.current?.hub.isDraining) slot.current.kill(false)
    world.start(slot)
  }
}

const DO: Readonly<Record<FaultKind, (world: World) => void>> = {
  cut: (world) => cut(world, ['both', 'both', 'hub', 'client']),
  'half-open': (world) => cut(world, ['hub', 'client', 'nobody']),
  'partition client': (world) => {
    const { process } = world.chance.pick(world.hosts)
    world.network.partition(process)
    later(world, 3000, () => world.network.heal(process))
  },
  'stall client': (world) => {
    const wire = anyWire(world)
    wire?.down.stop('stall')
    later(world, 3000, () => wire?.down.go('stall'))
  },
  'sleep client': (world) => world.chance.pick(world.hosts).process.stop(world.chance.around(1500)),
  'set client clock': (world) => world.chance.pick(world.hosts).process.setClock(world.chance.between(-60_000, 60_000)),
  'restart client': (world) => world.chance.pick(world.hosts).restart(world.chance.perMille(300)),
  flap: (world) => {
    for (let at = 0; at < 600; at += world.chance.between(30, 200))
      world.scheduler.after(at, () => cut(world, ['both']))
  },
  'kill hub': (world) => {
    const slot = world.chance.pick(world.slots)
    slot.current?.kill(world.chance.perMille(300))
    later(world, 1000, () => world.start(slot))
  },
  'drain hub': (world) => {
    const slot = world.chance.pick(world.slots)
    if (!slot.current?.isAccepting) return
    void slot.current.drain()
    later(world, 2500, () => world.start(slot))
  },
  'stop hub': (world) => anyHub(world)?.process.stop(world.chance.around(1000)),
  'break link': (world) => anyHub(world)?.adapter.break(world.chance.around(100)),
  'stop link': (world) => {
    const adapter = anyHub(world)?.adapter
    adapter?.stop()
    later(world, 2000, () => adapter?.go())
  },
  'busy engine': (world) => {
    world.failing = world.chance.pick([100, 500, 1000])
    later(world, 1000, () => {
      world.failing = 0
    })
  },
  'restart engine': (world) => {
    world.engine.restart()
    breakLinks(world)
  },
  'promote replica': (world) => {
    world.engine.promote(world.chance.pick([1, 3, 10]))
    breakLinks(world)
  },
  'trim log': (world) => world.engine.trim(world.chance.pick(world.profile.rooms), world.chance.below(4)),
  'lose log': (world) => {
    const room = world.chance.pick(world.profile.rooms)
    world.engine.lose(room)
    world.unheard.add(room)
  },
}

function breakLinks(world: World): void {
  for (const { adapter } of world.hubs()) adapter.break(world.chance.around(100))
}

function cut(world: World, notices: readonly Notice[]): void {
  anyWire(world)?.cut(world.chance.pick(notices))
}

function anyWire(world: World): Wire | undefined {
  const wires = [...world.network.wires]
  return wires.length > 0 ? world.chance.pick(wires) : undefined
}

function anyHub(world: World): HubProcess | undefined {
  const hubs = world.hubs()
  return hubs.length > 0 ? world.chance.pick(hubs) : undefined
}

function later(world: World, most: number, task: () => void): void {
  world.scheduler.after(world.chance.between(50, most), task)
}
