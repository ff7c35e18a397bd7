import type { Batch } from '../../core/batch.ts'

/** A text frame of the server: FIN and opcode 1, no mask (RFC 6455, section 5.2). */
const TEXT_FRAME = 0x81
/** Characters from which on a buffer is the better way. Less than the 16 KiB up to which Node copies a string on its stack. */
const MAX_ASCII = 8192
/** The longest header of a server's frame. */
const MAX_HEADER = 10

/** One text as a WebSocket frame. */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headerLength(length) + length)
  writeFrame(frame, 0, text, length)
  return frame
}

/** A frame a character a byte, which costs no buffer. Undefined where the text is long, or not of ASCII alone. */
export function asciiFrameOf(text: string): string | undefined {
  const { length } = text
  if (length >= MAX_ASCII || Buffer.byteLength(text) !== length) return undefined
  return (length < 126 ? SHORT[length] : mediumHeader(length)) + text
}

const mediumHeader = (length: number): string => String.fromCharCode(TEXT_FRAME, 126, length >> 8, length & 0xff)

/** Headers of frames of less than 126 bytes, by their length. */
const SHORT = Array.from({ length: 126 }, (_, length) => String.fromCharCode(TEXT_FRAME, length))

/** Texts as WebSocket frames, one after another in one buffer. */
export function framesOf(texts: readonly string[]): Buffer {
  const [first = ''] = texts
  if (texts.length === 1) return frameOf(first)
  let room = 0
  for (const text of texts) room += MAX_HEADER + text.length * 3
  const buffer = Buffer.allocUnsafe(room)
  let at = 0
  for (const text of texts) at = writeFrame(buffer, at, text, Buffer.byteLength(text))
  return room > 2 * at ? Buffer.from(buffer.subarray(0, at)) : buffer.subarray(0, at)
}

const headerLength = (length: number): number => (length < 126 ? 2 : length < 65536 ? 4 : MAX_HEADER)

function writeFrame(buffer: Buffer, at: number, text: string, length: number): number {
  buffer[at] = TEXT_FRAME
  let body = at + 2
  if (length < 126) buffer[at + 1] = length
  else if (length < 65536) {
    buffer[at + 1] = 126
    body = buffer.writeUInt16BE(length, at + 2)
  } else {
    buffer[at + 1] = 127
    body = buffer.writeBigUInt64BE(BigInt(length), at + 2)
  }
  return body + buffer.write(text, body, length, 'utf8')
}

/** The frames of the batch that was asked for last, so that every socket that takes a batch is written the very same buffer. */
export class BatchFrames {
  #batch: Batch | undefined
  #single: Buffer | undefined
  #joined: Buffer | undefined

  /** A frame a text. */
  single(batch: Batch): Buffer {
    this.#turnTo(batch)
    this.#single ??= framesOf(batch.texts)
    return this.#single
  }

  /** All texts in one frame, a line each. */
  joined(batch: Batch): Buffer {
    this.#turnTo(batch)
    this.#joined ??= frameOf(batch.joined)
    return this.#joined
  }

  #turnTo(batch: Batch): void {
    if (this.#batch === batch) return
    this.#batch = batch
    this.#single = undefined
    this.#joined = undefined
  }
}
