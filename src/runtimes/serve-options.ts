import * as v from 'valibot'
import { isObject, problemOf, refusal, shown, whole } from './problems.ts'
import { unknownOptions } from './unknown-options.ts'

const WHO = 'serve'
const EXAMPLE = 'an object such as { fetch: app.fetch, port: 3000 }'
const HOST = 'a host name or address'

const Options = v.object({
  fetch: v.function('a function, such as app.fetch'),
  port: v.optional(whole([0, 65535], '', '0: any free one')),
  hostname: v.optional(v.pipe(v.string(HOST), v.nonEmpty(HOST))),
})

/** The options that every runtime's `serve` has. */
interface Given {
  readonly fetch: unknown
  readonly port?: unknown
  readonly hostname?: unknown
}

/** Throws a TypeError that lists every option of `serve` that can't be. Undefined is as not given. */
export function checkServeOptions(options: Given): void {
  if (!isObject(options)) throw refusal(WHO, [`options are ${shown(options)}; they must be ${EXAMPLE}`])
  const { fetch, port, hostname } = options
  const { issues = [] } = v.safeParse(Options, { fetch, port, hostname })
  const known = { fetch: undefined, port: undefined, hostname: undefined }
  const problems = [...issues.map(problemOf), ...unknownOptions(options, known)]
  if (problems.length > 0) throw refusal(WHO, problems)
}
