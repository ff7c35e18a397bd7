import type { Deliver, Publication } from '../core/broadcast-adapter.ts'

/** Hands out what was published, in order; what follows one another in a room, together. */
export class Announcer {
  readonly #deliver: Deliver
  #room = ''
  #epoch = ''
  #publications: Publication[] = []

  constructor(deliver: Deliver) {
    this.#deliver = deliver
  }

  add(room: string, epoch: string, publication: Publication): void {
    if (room !== this.#room || epoch !== this.#epoch) this.flush()
    this.#room = room
    this.#epoch = epoch
    this.#publications.push(publication)
  }

  flush(): void {
    const publications = this.#publications
    if (publications.length === 0) return
    this.#publications = []
    this.#deliver(this.#room, this.#epoch, publications)
  }
}
