import type { ClientHost } from './client-host.ts'
import type { MessageKind } from './clients/sim-client.ts'
import type { World } from './world.ts'

const KINDS: readonly MessageKind[] = ['chat', 'chat', 'chat', 'event', 'transient', 'bare']

/** What clients do in a run: they join, leave, publish and read, one thing after the other. */
export class Traffic {
  readonly #world: World
  #messages = 0

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    const { hosts, profile, chance } = this.#world
    for (const { client } of hosts) {
      for (let i = chance.between(1, profile.rooms.length * 2); i > 0; i--) client.join(chance.pick(profile.rooms))
    }
  }

  act(): void {
    const { chance, hosts, profile } = this.#world
    const host = chance.pick(hosts)
    const room = chance.pick(profile.rooms)
    const draw = chance.below(100)
    if (draw < 50) this.#publish(host, room)
    else if (draw < 54) this.#burst(host, room)
    else if (draw < 59) this.fromOutside(room, chance.between(1, 6))
    else if (draw < 62) for (const each of profile.rooms) this.fromOutside(each, 1)
    else if (draw < 84) host.client.join(room)
    else if (draw < 89) host.client.leave(room)
    else if (draw < 92) {
      host.client.leave(room)
      host.client.join(room)
    } else if (draw < 97) host.client.history(room)
    else host.client.ping()
  }

  /** Published by another process, past all hubs. */
  fromOutside(room: string, count: number): void {
    const from = { id: 'outside', name: 'OUTSIDE' }
    for (let i = 0; i < count; i++) {
      this.#world.engine.publish(room, { from, body: { kind: 'chat', content: this.#content('o') } })
    }
  }

  #publish({ name, client }: ClientHost, room: string): void {
    const { chance } = this.#world
    const rooms = client.rooms
    client.publish(rooms.length > 0 ? chance.pick(rooms) : room, chance.pick(KINDS), this.#content(name))
  }

  #burst(host: ClientHost, room: string): void {
    for (let i = this.#world.chance.between(5, 45); i > 0; i--) {
      if (this.#world.chance.perMille(100)) host.client.ping()
      else this.#publish(host, room)
    }
  }

  #content(name: string): string {
    const { chance, profile } = this.#world
    return `${name}.${this.#messages++}.${'x'.repeat(chance.below(profile.filling + 1))}`
  }
}
