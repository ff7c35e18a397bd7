/**
 * Texts that go to many sockets at once. What a runtime makes of them (frames, one joined text) is made at most once
 * and shared by every socket that takes the batch.
 */
export class Batch {
  readonly texts: readonly string[]
  #joined: string | undefined
  #length: number | undefined

  constructor(texts: readonly string[]) {
    this.texts = texts
  }

  /** Characters in all texts together: about as many bytes. */
  get length(): number {
    this.#length ??= this.texts.reduce((sum, { length }) => sum + length, 0)
    return this.#length
  }

  /** All texts as one, a line each: what `parlor.v1.batch` puts into a frame. JSON texts have no line feeds of their own. */
  get joined(): string {
    this.#joined ??= this.texts.join('\n')
    return this.#joined
  }
}
