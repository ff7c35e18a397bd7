/** In an object's storage, where the runtime may not tell its name. */
const KEY = 'name'

/**
 * What an object is called. Whoever asks for it by its name tells that, and it is kept: an alarm that wakes an object after a restart does
 * not. `known`: by this memory, which may have emptied the storage. Fails where it was never told.
 */
export function nameOf({ id, storage }: Pick<DurableObjectState, 'id' | 'storage'>, known: string | undefined): string {
  const kept = storage.kv.get(KEY)
  const name = id.name ?? kept ?? known
  if (typeof name !== 'string') throw new Error('an object of Parlor is always asked by name')
  if (kept === undefined) storage.kv.put(KEY, name)
  return name
}
