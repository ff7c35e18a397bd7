import * as v from 'valibot'
import type { Bounds } from '../core/settings.ts'

/** What a function throws that was given options that can't be: a line for every one of them. */
export const refusal = (who: string, problems: readonly string[]): TypeError =>
  new TypeError(`${who} was given options that can not be:\n${problems.map((line) => `  ${line}`).join('\n')}`)

/** An option that is not what it must be, in words. */
export const problemOf = (issue: v.BaseIssue<unknown>): string =>
  `${nameOf(issue)} is ${shown(issue.input)}; it must be ${issue.message}`

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Those of the methods that this has not. */
export const missingIn = (value: object, methods: object): string[] =>
  Object.keys(methods).filter((name) => typeof Reflect.get(value, name) !== 'function')

export function whole([min, max]: Bounds, unit = '', note = '') {
  const what = unit === '' ? 'a whole number' : `a whole number of ${unit}`
  const expected =
    max === Number.MAX_SAFE_INTEGER
      ? `${what}, at least ${min}`
      : `${what} from ${min} to ${max}${note && ` (${note})`}`
  const fits = (n: number): boolean => Number.isSafeInteger(n) && n >= min && n <= max
  return v.pipe(v.number(expected), v.check(fits, expected))
}

/** A value that was given, in few words. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  return isObject(value) ? 'an object' : String(value)
}

/** Where the value stands, as one would write it: `rooms["a:*"].history.size`. */
function nameOf({ path }: v.BaseIssue<unknown>): string {
  return (path ?? [])
    .map(({ key }) => (typeof key === 'string' && /^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`))
    .join('')
    .slice(1)
}
