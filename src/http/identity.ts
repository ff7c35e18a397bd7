import * as v from 'valibot'
import type { Identity } from '../core/hooks.ts'

const TEXT = 'Expected a string'
const END = 'Expected ms since 1970, a finite number'

const Answer = v.object(
  {
    user: v.object(
      { id: v.pipe(v.string(TEXT), v.nonEmpty('Expected at least 1 character')), name: v.string(TEXT) },
      'Expected an object with id and name',
    ),
    expires: v.optional(v.pipe(v.number(END), v.finite(END))),
  },
  'Expected an object with a user',
)

/**
 * What an application's own check answered, as an identity of its own: nothing else that the application keeps with its users gets
 * into messages, nor what it makes of its objects later. Undefined: nobody. Throws where the answer can't be an identity.
 */
export function identityFrom(answer: unknown): Identity | undefined {
  if (!answer) return undefined
  const read = v.safeParse(Answer, answer)
  if (!read.success) throw new TypeError(`authenticate answered with a bad identity: ${describe(read.issues[0])}`)
  const { user, expires } = read.output
  return { user: { id: user.id, name: user.name }, ...(expires === undefined ? {} : { expires }) }
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  return path === null ? issue.message : `${path}: ${issue.message}`
}
