import { closestMatch } from 'leven'

/** The options that there are, by name, and what there is in those that are objects themselves. */
export interface Known {
  readonly [name: string]: Known | undefined
}

/** One line for every option in `given` that is not in `known`. What is undefined is as not given. */
export function unknownOptions(given: unknown, known: Known, at = ''): string[] {
  if (!isPlain(given)) return []
  return Object.entries(given).flatMap(([key, value]) => {
    if (value === undefined) return []
    const name = at === '' ? key : `${at}.${key}`
    if (!Object.hasOwn(known, key)) return [`${name} is no option; ${hint(key, known, at)}`]
    const inner = known[key]
    return inner === undefined ? [] : unknownOptions(value, inner, name)
  })
}

/** The same for an object whose own keys the application chooses. */
export function unknownInEach(given: unknown, known: Known, at: string): string[] {
  if (!isPlain(given)) return []
  return Object.entries(given).flatMap(([key, value]) => unknownOptions(value, known, `${at}[${JSON.stringify(key)}]`))
}

function hint(key: string, known: Known, at: string): string {
  const prefix = at === '' ? '' : `${at}.`
  const names = Object.keys(known)
  const outer = names.find((name) => Object.hasOwn(known[name] ?? {}, key))
  if (outer !== undefined) return `do you mean ${prefix}${outer}.${key}?`
  const written = key.toLowerCase()
  const lower = names.map((name) => name.toLowerCase())
  const closest =
    lower.find((name) => name.startsWith(written)) ??
    closestMatch(written, lower, { maxDistance: Math.ceil(key.length / 3) })
  const meant = names.find((name) => name.toLowerCase() === closest)
  return meant === undefined ? `there are ${names.join(', ')}` : `do you mean ${prefix}${meant}?`
}

/** An object as one writes it: an instance of a class may have more in it than options. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
