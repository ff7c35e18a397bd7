/** Whether `text` takes more than `limit` bytes in UTF-8; looks at the characters only where the length alone can't tell. */
export function exceedsBytes(text: string, limit: number): boolean {
  if (text.length > limit) return true
  if (text.length * 3 <= limit) return false
  return byteLength(text) > limit
}

/** How many bytes `text` takes in UTF-8. A lone surrogate counts as the three bytes of its replacement. */
export function byteLength(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2
      i++
    } else bytes += 2
  }
  return bytes
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000

/** Whether `text` has a control character (Unicode category Cc). */
export const hasControls = (text: string): boolean => /\p{Cc}/u.test(text)

/** Whether `text` has the shape of an origin: scheme, host and perhaps a port, with or without a slash at the end. */
export const isOriginLike = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s]+\/?$/i.test(text)
