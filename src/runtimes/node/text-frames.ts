import { isUtf8 } from 'node:buffer'
import type { SocketListener } from '../../http/runtime.ts'

/** A text frame that is whole: FIN and opcode 1, no extensions (RFC 6455, section 5.2). */
const WHOLE_TEXT = 0x81
const MASKED = 0x80
/** The shortest frame: two bytes and a mask. */
const LEAST = 6
/** Stands for a length that follows in two bytes. */
const MEDIUM = 126

/**
 * Tells `listener` the texts at the beginning of `bytes`, as long as they come in frames of the plainest kind: whole, masked, less than 64 KiB, of valid
 * UTF-8. Answers where the first other thing begins, or where part of a frame does. Nothing from there on has been touched.
 */
export function readTexts(bytes: Buffer, end: number, listener: SocketListener): number {
  let at = 0
  while (end - at >= LEAST && bytes[at] === WHOLE_TEXT) {
    const short = bytes.readUInt8(at + 1) - MASKED
    if (short < 0 || short > MEDIUM) return at
    const length = short < MEDIUM ? short : bytes.readUInt16BE(at + 2)
    const body = at + (short < MEDIUM ? 6 : 8)
    if (body + length > end) return at
    const text = textOf(bytes, body, body + length)
    if (text === undefined) return at
    listener.text(text)
    at = body + length
  }
  return at
}

/** The text that stands masked from `from` to `to`, its mask before it. Undefined, and all is as it was: it is no UTF-8. */
function textOf(bytes: Buffer, from: number, to: number): string | undefined {
  if (unmask(bytes, from, to) < 0x80) return bytes.toString('latin1', from, to)
  if (isUtf8(bytes.subarray(from, to))) return bytes.toString('utf8', from, to)
  unmask(bytes, from, to)
  return undefined
}

/** Twice, and all is as it was. Answers all bits that are set in any byte. */
function unmask(bytes: Buffer, from: number, to: number): number {
  const mask = bytes.readInt32BE(from - 4)
  let bits = 0
  for (let at = from, shift = 24; at < to; at++, shift = (shift - 8) & 31) {
    const byte = (bytes[at] ?? 0) ^ ((mask >> shift) & 0xff)
    bytes[at] = byte
    bits |= byte
  }
  return bits
}
