import type { Publication } from './broadcast-adapter.ts'
import type { Encode } from './entry.ts'
import type { User } from './protocol.ts'

/**
 * Publications of `room` as the texts that members of a JSON room get: what `JSON.stringify` makes of the frame, put together from parts,
 * since most of them were the same in the publication before.
 */
export function publicationEncoder(room: string): Encode {
  const chat = `{"type":"chat","room":${quote(room)}`
  const event = `{"type":"event","room":${quote(room)}`
  let publisher: User | undefined
  let from = ''
  return (publication) => {
    if (publication.from !== publisher) {
      publisher = publication.from
      from = JSON.stringify(publisher)
    }
    const { body } = publication
    const common = commonOf(publication, from)
    return body.kind === 'chat'
      ? `${chat}${common},"content":${quote(body.content)}}`
      : `${event}${common},"name":${quote(body.name)},"data":${JSON.stringify(body.data)}}`
  }
}

function commonOf({ offset, id, time, clientId }: Publication, from: string): string {
  const common = `${offset === undefined ? '' : `,"offset":${offset}`},"id":${quote(id)},"from":${from},"time":${time}`
  if (clientId === undefined && offset !== undefined) return common
  return `${common}${clientId === undefined ? '' : `,"clientId":${quote(clientId)}`}${offset === undefined ? ',"transient":true' : ''}`
}

const quote = (text: string): string => JSON.stringify(text)
