import { MemoryAdapter } from '../adapters/memory.ts'
import type { MakeAdapter } from './adapter.ts'
import { refuseUncalled } from './adapter-option.ts'
import { isObject, shown } from './problems.ts'
import { unknownOptions } from './unknown-options.ts'

export interface MemoryOptions {
  /** Bytes that all rooms' logs together may take, roughly. 256 MiB by default. */
  readonly totalBytes?: number | undefined
}

/** Rooms' logs in this process's memory: the `adapter` that `createParlor` takes by default. */
export function memoryAdapter(options: MemoryOptions = {}): MakeAdapter {
  refuseUncalled(options, 'memoryAdapter()')
  if (!isObject(options)) {
    throw new TypeError(
      `memoryAdapter: its options are ${shown(options)}; they must be an object such as { totalBytes }`,
    )
  }
  const [unknown] = unknownOptions(options, { totalBytes: undefined })
  if (unknown !== undefined) throw new TypeError(`memoryAdapter: ${unknown}`)
  const { totalBytes } = options
  if (totalBytes !== undefined && !(Number.isSafeInteger(totalBytes) && totalBytes > 0)) {
    throw new TypeError(
      `memoryAdapter: totalBytes is ${shown(totalBytes)}; it must be a whole number of bytes, at least 1`,
    )
  }
  return (deps) => new MemoryAdapter({ ...deps, ...(totalBytes === undefined ? {} : { totalBytes }) })
}
