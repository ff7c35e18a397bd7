import type { ServerFrame as AnyFrame, PublicationFrame as AnyPublication } from '../core/protocol.ts'

/** A publication that has a place in its room's log. */
export type LoggedFrame = AnyPublication & { readonly offset: number; readonly transient?: undefined }
/** A publication is in the log, or was for who was there. */
export type PublicationFrame =
  | LoggedFrame
  | (AnyPublication & { readonly transient: true; readonly offset?: undefined })

type HistoryFrame = Extract<AnyFrame, { readonly type: 'history' }>

/** What the server sends, as SPEC.md has it: more than the schemas say of a publication, which leave open what goes with what. */
export type ServerFrame =
  | Exclude<AnyFrame, HistoryFrame | AnyPublication>
  | (Omit<HistoryFrame, 'publications'> & { readonly publications: readonly LoggedFrame[] })
  | PublicationFrame

/** The frames that may answer a request. */
export type Reply = Extract<ServerFrame, { readonly ref?: unknown }>

type Check = (value: unknown) => boolean

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const object = (fields: Readonly<Record<string, Check>>): Check => {
  const checks = Object.entries(fields)
  return (value) => isObject(value) && checks.every(([key, check]) => check(value[key]))
}
const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => typeof value === 'number'
const flag: Check = (value) => typeof value === 'boolean'
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const user = object({ id: text, name: text })
const position = object({ epoch: text, offset: number, id: maybe(text) })
const publication = object({ room: text, offset: maybe(number), id: text, from: user, time: number })

const SHAPES: Readonly<Record<ServerFrame['type'], Check>> = {
  welcome: object({
    connection: text,
    user,
    heartbeat: number,
    limits: object({ message: number, pending: number }),
    reconnect: object({ after: number, window: number }),
    session: text,
  }),
  joined: object({ room: text, position, recovered: flag }),
  left: object({ room: text }),
  chat: publication,
  event: publication,
  history: object({
    publications: (value) => Array.isArray(value) && value.every(publication),
    position,
    intact: flag,
    more: flag,
  }),
  gap: object({ room: text, to: number }),
  reset: object({ room: text, position, reason: text }),
  ack: object({ position: maybe(position) }),
  error: object({ code: text, message: text, retryable: flag }),
  drain: object({ reconnectAfter: number }),
  pong: isObject,
  seen: isObject,
}
const SHAPE_OF: ReadonlyMap<unknown, Check> = new Map(Object.entries(SHAPES))

/**
 * Checks what the SDK relies on in a frame, by hand: the schemas of core/protocol.ts would bring their library along.
 * Codes and fields that a newer server may add pass.
 */
const isServerFrame = (value: unknown): value is ServerFrame =>
  isObject(value) && SHAPE_OF.get(value['type'])?.(value) === true

/** A frame of the server; undefined: it is none that this client knows. */
export function readFrame(json: string): ServerFrame | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isServerFrame(value) ? value : undefined
  } catch {
    return undefined
  }
}
