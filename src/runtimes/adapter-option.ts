import type { BroadcastAdapter } from '../core/broadcast-adapter.ts'
import type { AdapterDeps, MakeAdapter } from './adapter.ts'
import { isObject, missingIn, refusal, shown } from './problems.ts'

const METHODS: Readonly<Record<Exclude<keyof BroadcastAdapter, 'handedOut'>, true>> = {
  start: true,
  subscribe: true,
  unsubscribe: true,
  publish: true,
  history: true,
  probe: true,
  close: true,
}

/** Whether this may be the option `adapter`. */
export const isAdapterOption = (adapter: unknown): boolean => typeof adapter === 'function' || isAdapter(adapter)

/** What an object lacks that was given as an adapter; nothing where it is no object at all. */
export const lackOf = (adapter: unknown): string =>
  isObject(adapter) ? `: it has no ${missingIn(adapter, METHODS).join(', ')}` : ''

/** The adapter that was given, or that is made now. Throws a TypeError where none is. */
export function adapterOf(given: BroadcastAdapter | MakeAdapter, deps: AdapterDeps): BroadcastAdapter {
  if (typeof given !== 'function') return given
  const made: unknown = given(deps)
  if (isAdapter(made)) return made
  throw new TypeError(
    typeof made === 'function'
      ? 'adapter makes a function and no adapter; give sqliteAdapter(file) itself'
      : `adapter makes ${made instanceof Promise ? 'a promise' : shown(made)} and no adapter${lackOf(made)}`,
  )
}

/** Throws where what an adapter's own function was called with shows that it was given as `adapter` uncalled: `call` is how it is called. */
export function refuseUncalled(options: unknown, call: string): void {
  if (!isObject(options) || !('limitsOf' in options)) return
  throw refusal('createParlor', [`adapter is ${call.split('(')[0]} itself; it must be called: { adapter: ${call} }`])
}

const isAdapter = (value: unknown): value is BroadcastAdapter =>
  isObject(value) && missingIn(value, METHODS).length === 0
