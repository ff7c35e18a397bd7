/** RFC 6455 frames by hand, right and wrong ones. */
import { randomBytes } from 'node:crypto'

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly payload: Buffer
}

export interface FrameOptions {
  readonly opcode?: number
  readonly fin?: boolean
  /** The three reserved bits, 0-7. */
  readonly rsv?: number
  readonly mask?: boolean
  /** The length to claim, where it is not the payload's. */
  readonly length?: number
}

export function frame(payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const { opcode = OPCODE.text, fin = true, rsv = 0, mask = true } = options
  const bytes = Buffer.from(payload)
  const length = options.length ?? bytes.length
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  const masked = mask ? 0x80 : 0
  let head: Buffer
  if (length < 126) {
    head = Buffer.from([first, masked | length])
  } else if (length < 65_536) {
    head = Buffer.from([first, masked | 126, 0, 0])
    head.writeUInt16BE(length, 2)
  } else {
    head = Buffer.from([first, masked | 127, 0, 0, 0, 0, 0, 0, 0, 0])
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  if (!mask) return Buffer.concat([head, bytes])
  const key = randomBytes(4)
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ (key[at & 3] ?? 0)
  return Buffer.concat([head, key, bytes])
}

export function closeFrame(code?: number, reason = ''): Buffer {
  const payload = Buffer.alloc(code === undefined ? 0 : 2)
  if (code !== undefined) payload.writeUInt16BE(code)
  return frame(Buffer.concat([payload, Buffer.from(reason)]), { opcode: OPCODE.close })
}

/** The first frame of `bytes` and how many bytes it takes; nothing while it is not whole. */
export function parseFrame(bytes: Buffer): { readonly frame: Frame; readonly size: number } | undefined {
  if (bytes.length < 2) return
  const first = bytes.readUInt8(0)
  const second = bytes.readUInt8(1)
  if (second & 0x80) throw new Error('the server sent a masked frame')
  const short = second & 0x7f
  const start = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < start) return
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < start + length) return
  return {
    frame: {
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0xf,
      payload: bytes.subarray(start, start + length),
    },
    size: start + length,
  }
}

export interface Closed {
  readonly code: number | undefined
  readonly reason: string
}

export function closeOf({ payload }: Frame): Closed {
  return {
    code: payload.length >= 2 ? payload.readUInt16BE(0) : undefined,
    reason: payload.subarray(2).toString(),
  }
}
