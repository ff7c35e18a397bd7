import { fingerprint } from '../../src/core/dedupe.ts'
import { encodeRecord } from '../../src/core/record.ts'
import { ANN, chat, range } from './adapter-ground.ts'

/** A log as the first schema kept it: `few` has 9 publications of 5 that it keeps, and the rows of 7; the last one had the id `one`. */
export const FIRST = { room: 'few', epoch: 'first', head: 9, floor: 4, trimmed: 2, clientId: 'one' } as const

/** Statements that take a store's tables away and make those of the first schema. */
export function firstSchema(now: number): readonly string[] {
  const { room, epoch, head, floor, trimmed, clientId } = FIRST
  const said = (offset: number): string => JSON.stringify(chat(`said ${offset}`).body)
  const bytes = said(1).length
  const publications = range(trimmed + 1, head).map((offset) => {
    const own = offset === head ? { clientId } : {}
    const record = encodeRecord({ time: now, from: ANN, body: chat(`said ${offset}`).body, ...own })
    return `(1, ${offset}, 'id-${offset}', ${now}, ${(offset - 1) * bytes}, '${record}')`
  })
  const known = `(1, '"${ANN.id}"', 1, '"${clientId}"', '${fingerprint(said(head))}', ${head}, 'id-${head}', ${now})`
  return [
    ...['rooms', 'publications', 'client_ids'].map((name) => `DROP TABLE parlor_${name}`),
    `CREATE TABLE parlor_rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, head INTEGER NOT NULL, head_id TEXT,
      head_time INTEGER NOT NULL, total INTEGER NOT NULL, floor INTEGER NOT NULL, floor_id TEXT, trimmed INTEGER NOT NULL, look INTEGER)`,
    'CREATE INDEX parlor_rooms_look ON parlor_rooms (look)',
    `CREATE TABLE parlor_publications (room INTEGER NOT NULL, offset INTEGER NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL,
      before INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (room, offset)) WITHOUT ROWID`,
    `CREATE TABLE parlor_client_ids (room INTEGER NOT NULL, publisher TEXT NOT NULL, n INTEGER NOT NULL, client_id TEXT NOT NULL,
      fingerprint TEXT NOT NULL, offset INTEGER NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (room, publisher, n),
      UNIQUE (room, publisher, client_id)) WITHOUT ROWID`,
    'CREATE INDEX parlor_client_ids_time ON parlor_client_ids (room, time)',
    `INSERT INTO parlor_rooms VALUES (1, '"${room}"', '${epoch}', ${head}, 'id-${head}', ${now}, ${head * bytes}, ${floor}, 'id-${floor}',
      ${trimmed}, ${now + 300_000})`,
    `INSERT INTO parlor_publications VALUES ${publications.join(', ')}`,
    `INSERT INTO parlor_client_ids VALUES ${known}`,
    "UPDATE parlor_meta SET value = '1' WHERE name = 'schema'",
  ]
}
