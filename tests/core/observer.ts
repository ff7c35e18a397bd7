import type { Ref, ServerFrame } from '../../src/core/protocol.ts'
import { type Client, type Frame, parseFrame } from './fake-world.ts'

/** What everybody who saw a place in a log must have seen there. */
export class Record {
  readonly #seen = new Map<string, string>()

  /** Notes that `what` was seen at `where`; fails where something else was. */
  note(where: string, what: string): void {
    const before = this.#seen.get(where)
    if (before !== undefined && before !== what) throw new Error(`${where} is ${what}, but was ${before}`)
    this.#seen.set(where, what)
  }
}

interface Place {
  epoch: string
  offset: number
}

/** A client that holds the server to its word: it follows the rooms' streams and fails at the first frame that breaks a rule. */
export class Observer {
  readonly client: Client
  /** Rooms it is in, and how far it has come. */
  readonly places = new Map<string, Place>()
  readonly gaps: Frame<'gap'>[] = []
  /** Whether each begins its room's stream anew, by ref. */
  readonly #asked = new Map<Ref, boolean>()
  readonly #record: Record
  #read = 0

  constructor(client: Client, record: Record) {
    this.client = client
    this.#record = record
  }

  /** Requests that have not been answered. */
  get unanswered(): Ref[] {
    return [...this.#asked.keys()]
  }

  send(frame: Readonly<{ [field: string]: unknown }>, ref: number): void {
    this.#asked.set(ref, Boolean(frame['since'] ?? frame['history']))
    this.client.send({ ...frame, ref })
  }

  /** Reads what came. */
  look(): void {
    const { texts, late } = this.client.transport
    if (late.length > 0) throw new Error(`sent after the end: ${late[0]}`)
    for (; this.#read < texts.length; this.#read++) {
      const text = texts[this.#read] ?? ''
      try {
        this.#follow(parseFrame(text))
      } catch (reason) {
        const said = reason instanceof Error ? reason.message : String(reason)
        throw new Error(`${said}; frame ${this.#read}: ${text.slice(0, 200)}`)
      }
    }
  }

  #follow(frame: ServerFrame): void {
    if ((this.#read === 0) !== (frame.type === 'welcome')) throw new Error('[WS-1] welcome is first, and only first')
    switch (frame.type) {
      case 'joined':
        return this.#joined(frame)
      case 'left':
        this.#answered(frame.ref)
        this.places.delete(frame.room)
        return
      case 'chat':
        return this.#publication(frame, frame.content)
      case 'event':
        return this.#publication(frame, JSON.stringify([frame.name, frame.data]))
      case 'gap':
        return this.#gap(frame)
      case 'reset':
        Object.assign(this.#place(frame.room), { epoch: frame.position.epoch, offset: frame.position.offset })
        return
      case 'ack':
      case 'error':
      case 'pong':
        return this.#answered(frame.ref)
    }
  }

  #joined({ room, position, ref }: Frame<'joined'>): void {
    const isAnew = ref !== undefined && this.#asked.get(ref)
    this.#answered(ref)
    const place = this.places.get(room)
    if (place && !isAnew && (place.epoch !== position.epoch || place.offset !== position.offset)) {
      throw new Error(`[WS-12] this member is at ${JSON.stringify(place)}`)
    }
    this.places.set(room, { epoch: position.epoch, offset: position.offset })
  }

  #publication(frame: Frame<'chat' | 'event'>, content: string): void {
    const { room, offset, id, from, clientId, transient } = frame
    const place = this.#place(room)
    if (offset === undefined) {
      if (!transient) throw new Error('neither an offset nor transient')
      return this.#record.note(`transient ${id}`, content)
    }
    this.#next(place, offset)
    this.#record.note(`${room} ${place.epoch} ${offset}`, `${id} ${from.id} ${content}`)
    if (clientId !== undefined) this.#record.note(`${room} ${place.epoch} ${from.id} ${clientId}`, `${offset}`)
    place.offset = offset
  }

  #gap(gap: Frame<'gap'>): void {
    const place = this.#place(gap.room)
    this.#next(place, gap.from)
    if (gap.to < gap.from || gap.missed !== gap.to - gap.from + 1) throw new Error('[ROOM-5] a gap that is none')
    this.gaps.push(gap)
    place.offset = gap.to
  }

  #next(place: Place, offset: number): void {
    if (offset !== place.offset + 1) throw new Error(`[ROOM-2] ${offset} does not follow ${place.offset}`)
  }

  #place(room: string): Place {
    const place = this.places.get(room)
    if (!place) throw new Error(`[ROOM-2] not in ${room}`)
    return place
  }

  #answered(ref: Ref | undefined): void {
    if (ref === undefined || !this.#asked.delete(ref)) throw new Error('[WS-7] an answer to nothing that was asked')
  }
}
