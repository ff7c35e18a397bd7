/**
 * Writes docs/asyncapi.json, the JSON protocol as an AsyncAPI 3 document, from the valibot schemas of src/core/protocol.ts.
 *
 *   node scripts/asyncapi.mjs           writes it
 *   node scripts/asyncapi.mjs --check   exits 1 where the committed file is not what would be written, or is no AsyncAPI document
 *
 * It reads the built package: run `npm run build` first.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { toJsonSchema } from '@valibot/to-json-schema'
import Ajv from 'ajv'
import { ClientFrame, ServerFrame } from '../dist/core/protocol.js'

const TARGET = 'docs/asyncapi.json'

/** What each frame is for. A frame without a line here fails the script. */
const CLIENT = {
  join: 'Joins a room, after a position that one holds or before the newest publications.',
  leave: 'Leaves a room.',
  chat: 'Publishes a text to a room.',
  event: 'Publishes a named event with any JSON to a room.',
  history: "Asks for a page of a room's log.",
  auth: "Renews the connection's token.",
  ping: 'Asks for a pong.',
  seen: 'Everything before the question has been read.',
}
const SERVER = {
  welcome: 'The first frame of a connection.',
  joined: 'The room is joined: what follows comes after position.',
  left: 'The room is left: nothing of it follows.',
  chat: 'A text that somebody published.',
  event: 'An event that somebody published.',
  history: "A page of a room's log.",
  gap: 'Publications that are lost to this member.',
  reset: "The room's log is another one: what follows comes after position.",
  ack: 'The log holds the publication, or the token is renewed.',
  error: 'A request was not carried out, or a warning.',
  drain: 'The server stops: connect again after reconnectAfter ms.',
  pong: 'The answer to a ping.',
  seen: 'Asks to be told, by the same frame, when what came before it has been read.',
}

const message = (prefix, summaries) => (option) => {
  const type = option.entries.type.literal
  const summary = summaries[type]
  if (summary === undefined) throw new Error(`scripts/asyncapi.mjs says nothing about the frame "${type}"`)
  const payload = toJsonSchema(option, { errorMode: 'ignore' })
  // (That a position beyond offset 0 needs its id is the one rule that JSON Schema has no conversion for.)
  delete payload.$schema
  return [
    `${prefix}.${type}`,
    { name: type, title: `${prefix} ${type}`, summary, contentType: 'application/json', payload },
  ]
}

const client = ClientFrame.options.map(message('client', CLIENT))
const server = ServerFrame.options.map(message('server', SERVER))
const refs = (path, messages) => messages.map(([name]) => ({ $ref: `${path}/${name}` }))

const document = {
  asyncapi: '3.0.0',
  info: {
    title: 'Parlor',
    version: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
    description:
      'The JSON protocol of Parlor on /ws: text frames, each a JSON object tagged by type. SPEC.md has the rules, limits, error codes and close codes.',
    license: { name: 'MIT' },
  },
  defaultContentType: 'application/json',
  servers: {
    local: {
      host: 'localhost:3000',
      protocol: 'ws',
      security: [{ $ref: '#/components/securitySchemes/query' }, { $ref: '#/components/securitySchemes/bearer' }],
    },
  },
  channels: {
    ws: {
      address: '/ws',
      title: 'The JSON protocol',
      bindings: {
        ws: {
          method: 'GET',
          query: {
            type: 'object',
            properties: {
              token: { type: 'string', description: 'A JWT (HS256).' },
              room: { type: 'string', description: 'Joined at once.' },
              session: { type: 'string', description: "Takes the old connection's place." },
            },
          },
        },
      },
      messages: Object.fromEntries(
        [...client, ...server].map(([name]) => [name, { $ref: `#/components/messages/${name}` }]),
      ),
    },
  },
  operations: {
    request: {
      action: 'send',
      channel: { $ref: '#/channels/ws' },
      messages: refs('#/channels/ws/messages', client),
    },
    hear: {
      action: 'receive',
      channel: { $ref: '#/channels/ws' },
      messages: refs('#/channels/ws/messages', server),
    },
  },
  components: {
    messages: Object.fromEntries([...client, ...server]),
    securitySchemes: {
      query: { type: 'httpApiKey', name: 'token', in: 'query' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    },
  },
}

const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json')
const validate = new Ajv({ strict: false, logger: false }).compile(schema)
if (!validate(document)) {
  console.error('Not an AsyncAPI document:', validate.errors)
  process.exit(1)
}

const wanted = `${JSON.stringify(document, null, 2)}\n`
if (!process.argv.includes('--check')) {
  writeFileSync(new URL(`../${TARGET}`, import.meta.url), wanted)
  console.log(`Wrote ${TARGET}`)
} else if (read(TARGET) === wanted) {
  console.log(`${TARGET} is current.`)
} else {
  console.error(`${TARGET} is not current: run "node scripts/asyncapi.mjs" and commit the result.`)
  process.exit(1)
}

function read(path) {
  try {
    return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n')
  } catch {
    return undefined
  }
}
