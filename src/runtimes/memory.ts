import { MemoryAdapter } from '../adapters/memory.ts'
import type { MakeAdapter } from './adapter.ts'

export interface MemoryOptions {
  /** Bytes that all rooms' logs together may take, roughly. 256 MiB by default. */
  readonly totalBytes?: number
}

/** Rooms' logs in this process's memory: the `adapter` that `createParlor` takes by default. */
export function memoryAdapter({ totalBytes }: MemoryOptions = {}): MakeAdapter {
  if (totalBytes !== undefined && !(Number.isSafeInteger(totalBytes) && totalBytes > 0)) {
    throw new TypeError(`memoryAdapter: totalBytes is ${totalBytes}; it must be a whole number of bytes, at least 1`)
  }
  return (deps) => new MemoryAdapter({ ...deps, ...(totalBytes === undefined ? {} : { totalBytes }) })
}
