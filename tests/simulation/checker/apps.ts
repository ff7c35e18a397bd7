import type { AppFact, Fact } from '../facts.ts'
import { holds, type Logs } from './logs.ts'
import { Stream } from './stream.ts'
import type { Complain } from './violation.ts'

interface Room {
  stream: Stream | undefined
}

/** Follows what clients tell their applications, over all of their connections. */
export class Apps {
  readonly #logs: Logs
  readonly #complain: Complain
  readonly #rooms = new Map<string, Room>()

  constructor(logs: Logs, complain: Complain) {
    this.#logs = logs
    this.#complain = complain
  }

  see(fact: Fact): void {
    if (fact.what === 'app') this.#follow(fact)
  }

  /** Everybody who should be in a room has what its log has. */
  checkEnd(client: string, room: string): void {
    const complain = this.#complain
    const { stream } = this.#room(client, room)
    const current = this.#logs.current(room)
    if (!stream || !current) return complain('ROOM-3', `${client} is not in ${room}`)
    if (stream.epoch !== current.epoch || stream.offset !== current.head) {
      complain(
        'ROOM-3',
        `${client} is at ${stream.position} of ${room}, the log is at ${current.epoch} ${current.head}`,
      )
    } else if (stream.anchor && !holds(current, stream.anchor)) {
      complain('ROOM-2', `${client} is at ${stream.position} of ${room}, which is not of its log`)
    }
  }

  #room(client: string, room: string): Room {
    const key = `${client} ${room}`
    const known = this.#rooms.get(key) ?? { stream: undefined }
    this.#rooms.set(key, known)
    return known
  }

  #follow(fact: AppFact): void {
    const room = this.#room(fact.client, fact.room)
    const complain: Complain = (rule, said) => this.#complain(rule, `${fact.client} tells its application: ${said}`)
    switch (fact.event) {
      case 'joined':
        return this.#joined(room, fact, complain)
      case 'left':
        room.stream = undefined
        return
      case 'restarted':
        if (fact.kept) room.stream?.resume()
        else room.stream = undefined
        return
      case 'publication':
        return this.#stream(room, fact, complain)?.publication(fact, complain)
      case 'gap':
        return this.#stream(room, fact, complain)?.gap(fact.from, fact.to, complain)
      case 'reset':
        return this.#stream(room, fact, complain)?.reset(fact.position, complain)
      case 'published':
        if ('position' in fact.outcome && fact.outcome.position) {
          const isThere = this.#logs.at(fact.room, fact.outcome.position)
          if (!isThere)
            complain('ROOM-11', `${fact.content} is at ${JSON.stringify(fact.outcome.position)}, but is not`)
        }
    }
  }

  #joined(room: Room, fact: Extract<AppFact, { event: 'joined' }>, complain: Complain): void {
    const { position, recovered } = fact
    if (!recovered) {
      room.stream = new Stream(this.#logs, fact.room, position, complain)
      return
    }
    const { stream } = room
    const isThere = stream?.epoch === position.epoch && stream.held === position.offset
    if (!stream || !isThere) {
      return complain('guarantee 4', `recovered at ${JSON.stringify(position)}, but was at ${stream?.position}`)
    }
  }

  #stream(room: Room, { client, room: name, event }: AppFact, complain: Complain): Stream | undefined {
    if (!room.stream) complain('ROOM-2', `${event} of ${name} for ${client}, who is not in it`)
    return room.stream
  }
}
