/**
 * The JSON protocol of SPEC.md section 7: the valibot schemas are its one source, the types are inferred from them.
 * Client frames are parsed (strict about what is there, deaf to unknown fields); server frames are described for clients and docs.
 */
import * as v from 'valibot'

/** The subprotocols, the preferred one first. */
export const SUBPROTOCOLS = ['parlor.v1.batch', 'parlor.v1'] as const
export type Subprotocol = (typeof SUBPROTOCOLS)[number]

const Ref = v.union([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.minLength(1), v.maxLength(64))])
const ClientId = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const Age = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Offset = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** Length and characters of a room's name are limits of their own (`invalid_room`), so that the schema only asks for text. */
const RoomName = v.string()

const publishFields = {
  ref: v.optional(Ref),
  room: v.optional(RoomName),
  id: v.optional(ClientId),
  age: v.optional(Age),
  transient: v.optional(v.boolean()),
}

/** Any JSON value, as `JSON.parse` makes it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
const isJson = (input: unknown): input is Json => input !== undefined
const AnyJson = v.custom<Json>(isJson, 'Expected any JSON value')

/** A place in a room's log. At offset 0 there is no `id`. */
export const StreamPosition = v.object({ epoch: v.string(), offset: Offset, id: v.optional(v.string()) })
export type StreamPosition = v.InferOutput<typeof StreamPosition>

/** A position that a client holds: beyond offset 0 it is worth nothing without the id there. */
const HeldPosition = v.pipe(
  StreamPosition,
  v.forward(
    v.partialCheck(
      [['offset'], ['id']],
      ({ offset, id }) => offset === 0 || id !== undefined,
      'Expected the id at this offset',
    ),
    ['id'],
  ),
)

export const JoinFrame = v.object({
  type: v.literal('join'),
  ref: v.optional(Ref),
  room: RoomName,
  since: v.optional(HeldPosition),
  history: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1000))),
})
export const LeaveFrame = v.object({ type: v.literal('leave'), ref: v.optional(Ref), room: RoomName })
export const ChatFrame = v.object({ type: v.literal('chat'), ...publishFields, content: v.string() })
export const EventFrame = v.object({
  type: v.literal('event'),
  ...publishFields,
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  data: AnyJson,
})
export const AuthFrame = v.object({ type: v.literal('auth'), ref: v.optional(Ref), token: v.string() })
export const PingFrame = v.object({ type: v.literal('ping'), ref: v.optional(Ref) })

/** Asked by a server that can't see what its peer has read, and sent back as it came. */
export const SeenFrame = v.object({ type: v.literal('seen'), upTo: Offset })

/** A page of a room's log: after a position (the oldest first from there), before one, or, without either, the newest. */
export const HistoryFrame = v.object({
  type: v.literal('history'),
  ref: v.optional(Ref),
  room: RoomName,
  after: v.optional(HeldPosition),
  before: v.optional(HeldPosition),
  limit: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1000))),
})

export const ClientFrame = v.variant('type', [
  JoinFrame,
  LeaveFrame,
  ChatFrame,
  EventFrame,
  HistoryFrame,
  AuthFrame,
  PingFrame,
  SeenFrame,
])
export type ClientFrame = v.InferOutput<typeof ClientFrame>
export type HistoryRequest = Extract<ClientFrame, { type: 'history' }>
export type PublishFrame = Extract<ClientFrame, { type: 'chat' | 'event' }>
export type Ref = v.InferOutput<typeof Ref>

export const User = v.object({ id: v.string(), name: v.string() })
export type User = v.InferOutput<typeof User>

const publicationFields = {
  room: v.string(),
  offset: v.optional(Offset),
  id: v.string(),
  from: User,
  time: v.number(),
  clientId: v.optional(v.string()),
  transient: v.optional(v.literal(true)),
}

export const ERROR_CODES = [
  'invalid_json',
  'invalid_frame',
  'unknown_type',
  'binary_unsupported',
  'message_too_large',
  'invalid_room',
  'not_joined',
  'room_required',
  'too_many_rooms',
  'forbidden',
  'rate_limited',
  'id_reused',
  'outcome_unknown',
  'invalid_token',
  'subject_mismatch',
  'token_expiring',
  'unavailable',
  'internal',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

const ChatPublication = v.object({ type: v.literal('chat'), ...publicationFields, content: v.string() })
const EventPublication = v.object({ type: v.literal('event'), ...publicationFields, name: v.string(), data: AnyJson })
export const PublicationFrame = v.variant('type', [ChatPublication, EventPublication])
export type PublicationFrame = v.InferOutput<typeof PublicationFrame>

export const ServerFrame = v.variant('type', [
  v.object({
    type: v.literal('welcome'),
    connection: v.string(),
    user: User,
    heartbeat: v.number(),
    limits: v.object({ message: v.number(), room: v.number(), rooms: v.number(), pending: v.number() }),
    reconnect: v.object({ after: v.number(), window: v.number() }),
    session: v.string(),
  }),
  v.object({
    type: v.literal('joined'),
    ref: v.optional(Ref),
    room: v.string(),
    position: StreamPosition,
    recovered: v.boolean(),
  }),
  v.object({ type: v.literal('left'), ref: v.optional(Ref), room: v.string() }),
  ChatPublication,
  EventPublication,
  v.object({
    type: v.literal('history'),
    ref: v.optional(Ref),
    room: v.string(),
    publications: v.array(PublicationFrame),
    position: StreamPosition,
    intact: v.boolean(),
    more: v.boolean(),
  }),
  v.object({ type: v.literal('gap'), room: v.string(), from: Offset, to: Offset, missed: v.number() }),
  v.object({ type: v.literal('reset'), room: v.string(), position: StreamPosition, reason: v.string() }),
  v.object({
    type: v.literal('ack'),
    ref: v.optional(Ref),
    room: v.optional(v.string()),
    position: v.optional(StreamPosition),
    duplicate: v.optional(v.boolean()),
    expires: v.optional(v.number()),
  }),
  v.object({
    type: v.literal('error'),
    ref: v.optional(Ref),
    code: v.picklist(ERROR_CODES),
    message: v.string(),
    retryable: v.boolean(),
    path: v.optional(v.string()),
    room: v.optional(v.string()),
  }),
  v.object({ type: v.literal('drain'), reconnectAfter: v.number() }),
  v.object({ type: v.literal('pong'), ref: v.optional(Ref) }),
  SeenFrame,
])
export type ServerFrame = v.InferOutput<typeof ServerFrame>
