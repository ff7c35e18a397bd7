const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/
/** Needs no unit. */
const NO_TIME = '0'
const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration as people write it (`500ms`, `30s`, `5m`, `1.5h`) in ms; undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  if (text.trim() === NO_TIME) return 0
  const found = DURATION.exec(text.trim().toLowerCase())
  const unit = found?.[2]
  return found && isKey(MS, unit) ? Math.round(Number(found[1]) * MS[unit]) : undefined
}

const SIZE = /^(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib|gb|gib)?$/
const BYTES = { b: 1, kb: 1000, kib: 1024, mb: 1e6, mib: 1024 ** 2, gb: 1e9, gib: 1024 ** 3 }

/** A size as people write it (`65536`, `64KiB`, `4 MB`) in bytes; undefined: it is none. */
export function parseSize(text: string): number | undefined {
  const found = SIZE.exec(text.trim().toLowerCase())
  const unit = found?.[2] ?? 'b'
  return found && isKey(BYTES, unit) ? Math.round(Number(found[1]) * BYTES[unit]) : undefined
}

const isKey = <T extends object>(of: T, key: PropertyKey | undefined): key is keyof T =>
  key !== undefined && Object.hasOwn(of, key)
