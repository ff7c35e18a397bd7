/**
 * Texts that go to many sockets at once. What a runtime makes of them (frames, one joined text) is made at most once
 * and shared by every socket that takes the batch.
 */
export class Batch {
  readonly texts: readonly string[]
  #joined: string | undefined

  constructor(texts: readonly string[]) {
    this.texts = texts
  }

  /** Characters in all texts together: about as many bytes. */
  get length(): number {
    let length = 0
    for (const text of this.texts) length += text.length
    return length
  }

  /** All texts as one, a line each: what `parlor.v1.batch` puts into a frame. JSON texts have no line feeds of their own. */
  get joined(): string {
    this.#joined ??= this.texts.join('\n')
    return this.#joined
  }
}
