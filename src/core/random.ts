/** Unguessable strings of letters and digits. Injected, so that tests and the simulation own them. */
export interface Random {
  /** `length` characters of [0-9a-z]: 5 bits each and a little more. */
  id(length: number): string
}

/**
 * Ids for publications: unique among all logs that ever were, short, and cheap, since one random prefix serves a whole process.
 * They name, they don't hide.
 */
export function sequentialIds(random: Random): () => string {
  const prefix = random.id(10)
  let count = 0
  return () => `${prefix}${(count++).toString(36)}`
}
