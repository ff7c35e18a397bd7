import type { Random } from '../core/random.ts'
import { type SqlStore, textOf } from './sql-store.ts'

/** What leads from each version of the schema to the next: the first to version 1. What was released is never changed. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // head, head_id, head_time: the newest publication, also where it is not kept any more. total: bytes of all there ever were.
    // floor, floor_id: the newest one that was evicted. trimmed: rows up to this offset are deleted.
    // look: when something of it will have expired, ms since 1970; NULL: there is nothing that could.
    `CREATE TABLE parlor_rooms (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      epoch TEXT NOT NULL,
      head INTEGER NOT NULL,
      head_id TEXT,
      head_time INTEGER NOT NULL,
      total INTEGER NOT NULL,
      floor INTEGER NOT NULL,
      floor_id TEXT,
      trimmed INTEGER NOT NULL,
      look INTEGER
    )`,
    'CREATE INDEX parlor_rooms_look ON parlor_rooms (look)',
    // before: bytes of all publications before this one. time never falls with the offset, whatever the clock did between two runs.
    `CREATE TABLE parlor_publications (
      room INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      id TEXT NOT NULL,
      time INTEGER NOT NULL,
      before INTEGER NOT NULL,
      record TEXT NOT NULL,
      PRIMARY KEY (room, offset)
    ) WITHOUT ROWID`,
    // n: counts a publisher's ids, so that the newest 1,000 are found without counting.
    `CREATE TABLE parlor_client_ids (
      room INTEGER NOT NULL,
      publisher TEXT NOT NULL,
      n INTEGER NOT NULL,
      client_id TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      offset INTEGER NOT NULL,
      id TEXT NOT NULL,
      time INTEGER NOT NULL,
      PRIMARY KEY (room, publisher, n),
      UNIQUE (room, publisher, client_id)
    ) WITHOUT ROWID`,
    'CREATE INDEX parlor_client_ids_time ON parlor_client_ids (room, time)',
  ],
  // Where every row written has its price, a publish writes the row of its publication and nothing else.
  [
    // bytes: of the publication itself. Of those that were there it is needed for the newest, whose end is the end of the log.
    'ALTER TABLE parlor_publications ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0',
    `UPDATE parlor_publications SET bytes = (SELECT total FROM parlor_rooms WHERE parlor_rooms.id = room) - before
      WHERE offset = (SELECT head FROM parlor_rooms WHERE parlor_rooms.id = room)`,
    // A room's row says what was so when it was last written; where there are newer publications, those do.
    'ALTER TABLE parlor_rooms DROP COLUMN trimmed',
    'DROP INDEX parlor_client_ids_time',
  ],
]

/** The tables are there, in the version that this code knows. Fails where a newer Parlor made them. */
export function migrate(store: SqlStore, random: Random): void {
  store.transaction(() => {
    store.exec('CREATE TABLE IF NOT EXISTS parlor_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    const version = Number(readMeta(store, 'schema') ?? 0)
    if (!(version <= MIGRATIONS.length)) {
      throw new Error(
        `was written by a newer Parlor (schema ${version}, this one knows ${MIGRATIONS.length}). Update this one, or give it another file`,
      )
    }
    for (const statement of MIGRATIONS.slice(version).flat()) store.exec(statement)
    if (version < MIGRATIONS.length) writeMeta(store, 'schema', `${MIGRATIONS.length}`)
    if (readMeta(store, 'era') === undefined) writeMeta(store, 'era', random.id(10))
  })
}

export function readMeta(store: SqlStore, name: string): string | undefined {
  const [row] = store.exec('SELECT value FROM parlor_meta WHERE name = ?', name)
  return row && textOf(row, 'value')
}

export function writeMeta(store: SqlStore, name: string, value: string): void {
  store.exec('INSERT OR REPLACE INTO parlor_meta (name, value) VALUES (?, ?)', name, value)
}

export function deleteMeta(store: SqlStore, name: string): void {
  store.exec('DELETE FROM parlor_meta WHERE name = ?', name)
}
