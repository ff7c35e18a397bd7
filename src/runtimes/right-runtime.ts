import type { Runtime } from '../http/runtime.ts'
import { isObject, missingIn } from './problems.ts'

const METHODS: Readonly<Record<'upgradeWebSocket' | 'transport' | 'address', true>> = {
  upgradeWebSocket: true,
  transport: true,
  address: true,
}

/** Throws where plain JavaScript gives something else, or leaves it out. */
export function checkRuntime(runtime: Partial<Runtime> | undefined): void {
  const lacks = isObject(runtime) ? missingIn(runtime, METHODS) : Object.keys(METHODS)
  if (!isObject(runtime?.loop)) lacks.push('loop')
  if (lacks.length === 0) return
  throw new TypeError(
    `createParlor of parlor takes a Runtime and then options, and this has no ${lacks.join(', ')}; parlor/node, parlor/deno and parlor/bun bring their own`,
  )
}

/** Throws where `platform` is not what runs. */
export function onlyOn(platform: 'Bun' | 'Deno'): void {
  if (platform in globalThis) return
  throw new TypeError(
    `parlor/${platform.toLowerCase()} is for ${platform}, which this is not: take parlor/node, parlor/deno, parlor/bun or parlor/worker`,
  )
}
