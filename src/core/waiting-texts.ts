/** Direct replies that may wait for a socket. */
export const MAX_REPLIES = 32
/** Words that no request has kept a place for (a token runs out, the server stops, a pong out of its order) and that may wait beside them. */
const MAX_PUSHES = 4

/** `push`: a word that no request has kept a place for; it takes none that a reply would need. */
export type WaitingKind = 'reply' | 'push'

interface Waiting {
  readonly kind: WaitingKind
  readonly text: string
}

/** The texts that wait for a socket, in the order in which they leave: so many of each kind at most. */
export class WaitingTexts {
  readonly #texts: Waiting[] = []
  #pushes = 0

  get length(): number {
    return this.#texts.length
  }

  get replies(): number {
    return this.#texts.length - this.#pushes
  }

  get pushes(): number {
    return this.#pushes
  }

  /** Puts a text behind all others; false: no more of its kind may wait. */
  add(kind: WaitingKind, text: string): boolean {
    const isFull = kind === 'push' ? this.#pushes >= MAX_PUSHES : this.replies >= MAX_REPLIES
    if (isFull) return false
    this.#texts.push({ kind, text })
    if (kind === 'push') this.#pushes++
    return true
  }

  /** Takes the first one out. */
  shift(): string | undefined {
    const next = this.#texts.shift()
    if (next?.kind === 'push') this.#pushes--
    return next?.text
  }

  clear(): void {
    this.#texts.length = 0
    this.#pushes = 0
  }
}
