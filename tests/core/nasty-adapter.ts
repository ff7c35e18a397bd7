import type {
  AdapterEvents,
  BroadcastAdapter,
  HistoryPage,
  HistoryStart,
  Publication,
  Published,
} from '../../src/core/broadcast-adapter.ts'
import type { Eventually } from '../../src/core/eventually.ts'
import type { StreamPosition } from '../../src/core/protocol.ts'

/** A whole number from 0 up to below this. */
export type Chance = (below: number) => number

interface Announced {
  readonly epoch: string
  readonly publication: Publication
}

/** Reads that one step may cause. */
const MOST_READS = 300

/** The log of one room, whose engine does everything wrong, as `chance` has it, until it is sane. */
export class NastyAdapter implements BroadcastAdapter {
  isSane = false
  /** Answers that may still be lies. */
  lies = 0
  /** Every answer comes in the same call. */
  isPrompt = false
  /** The hub was told what no log of now has: only what is new, or a word of the engine's absence, can show that. */
  hasLied = false
  /** Reads since the test last looked. */
  reads = 0
  epoch = 'e0'
  announced: Announced[] = []
  answers: (() => void)[] = []
  #log: Publication[] = []
  /** What this log has and the hub heard of. */
  readonly #heard = new Set<string>()
  #subscribed = false
  #ids = 0
  #epochs = 0
  #events: AdapterEvents = { deliver: () => {}, restored: () => {} }
  readonly #chance: Chance
  readonly #size: number

  constructor(chance: Chance, size: number) {
    this.#chance = chance
    this.#size = size
  }

  get floor(): number {
    return Math.max(0, this.#log.length - this.#size)
  }

  get head(): StreamPosition {
    return this.#at(this.#log.length)
  }

  /** The hub can know of the newest publication. */
  get isKnown(): boolean {
    return !this.hasLied && this.#heard.has(this.head.id ?? '')
  }

  idAt(offset: number): string | undefined {
    return this.#log[offset - 1]?.id
  }

  append(isAnnounced = true): void {
    const publication = this.#make(this.#log.length + 1)
    this.#log.push(publication)
    if (isAnnounced && this.#subscribed) this.announced.push({ epoch: this.epoch, publication })
  }

  transient(): void {
    const { offset: _, ...publication } = this.#make(0)
    if (this.#subscribed) this.announced.push({ epoch: this.epoch, publication })
  }

  /** Delivers the one of this index, for the last time or not. */
  announce(index: number, isLast: boolean): void {
    const found = this.announced[index]
    if (isLast) this.announced.splice(index, 1)
    if (!found || !this.#subscribed) return
    const { epoch, publication } = found
    const { offset, id } = publication
    this.#heard.add(id)
    if (offset !== undefined && (epoch !== this.epoch || this.idAt(offset) !== id)) this.hasLied = true
    this.#events.deliver('r', epoch, [publication])
  }

  /** Says what no log has. */
  fabricate(): void {
    this.hasLied = true
    const first = this.#chance(this.#log.length + 3) + 1
    const publications = Array.from({ length: 1 + this.#chance(4) }, (_, i) => this.#make(first + i))
    if (this.#subscribed) this.#events.deliver('r', this.epoch, publications)
  }

  /** The same epoch, another log. */
  fork(): void {
    this.#heard.clear()
    this.#log = this.#log.slice(0, this.#chance(this.#log.length + 1))
    for (let more = this.#chance(8); more > 0; more--) this.append(false)
  }

  newEpoch(): void {
    this.epoch = `e${++this.#epochs}`
    this.#log = []
  }

  /** Was away and is back. */
  restored(): void {
    this.announced = []
    for (const answer of this.answers.splice(0)) if (this.#chance(2)) answer()
    this.#events.restored()
  }

  start(events: AdapterEvents): void {
    this.#events = events
  }

  subscribe(): Eventually<StreamPosition> {
    return this.#answer(() => {
      this.#subscribed = true
      return this.head
    })
  }

  unsubscribe(): void {
    this.#subscribed = false
  }

  publish(): Published {
    throw new Error('nobody publishes by way of the hub')
  }

  history(_: string, start: HistoryStart, limit: number): Eventually<HistoryPage> {
    if (++this.reads > MOST_READS) throw new Error('read for ever')
    return this.#answer(() => this.#orLie(this.#page(start, limit)))
  }

  probe(): void {}
  close(): void {}

  #make(offset: number): Publication {
    const id = `p${++this.#ids}`
    return { offset, id, from: { id: 'x', name: 'X' }, time: 1_700_000_000_000, body: { kind: 'chat', content: id } }
  }

  #at(offset: number, id: string | undefined = this.idAt(offset)): StreamPosition {
    const { epoch } = this
    return id === undefined || offset === 0 ? { epoch, offset } : { epoch, offset, id }
  }

  #page({ epoch, offset, id }: HistoryStart, limit: number): HistoryPage {
    const { floor, head } = this
    const isHere = epoch === head.epoch && offset >= floor && offset <= head.offset
    const intact = isHere && (id === undefined || id === this.idAt(offset))
    const from = intact ? offset : floor
    const most = this.isSane ? limit : Math.min(limit, 1 + this.#chance(6))
    return { publications: this.#log.slice(from, from + most), start: this.#at(from), head, intact }
  }

  #orLie(page: HistoryPage): HistoryPage {
    if (this.isSane || this.lies === 0 || this.#chance(3) === 0) return page
    this.lies--
    this.hasLied = true
    const offset = this.#chance(this.#log.length + 2)
    const other = this.#at(offset, this.#make(offset).id)
    const lies: HistoryPage[] = [
      { ...page, intact: !page.intact },
      { ...page, publications: page.publications.map((each) => this.#make(each.offset ?? 0)) },
      { ...page, publications: [] },
      { ...page, head: other },
      { ...page, start: other, publications: this.#log.slice(offset, offset + 3), intact: false },
      { ...page, start: { ...page.start, epoch: 'x' }, head: { ...page.head, epoch: 'x' }, intact: false },
    ]
    return lies[this.#chance(lies.length)] ?? page
  }

  /** At once or later, or never, as it is now or as it will be then; or a failure. */
  #answer<T>(work: () => T): Eventually<T> {
    if (this.isPrompt) return work()
    if (this.isSane) return this.#chance(2) ? Promise.resolve(work()) : work()
    const how = this.#chance(10)
    if (how === 0) throw new Error('down')
    if (how === 1) return Promise.reject(new Error('down'))
    if (how === 2) return work()
    const early = how < 7 ? work() : undefined
    if (how === 3) return new Promise(() => {})
    return new Promise((resolve) => this.answers.push(() => resolve(early ?? work())))
  }
}
