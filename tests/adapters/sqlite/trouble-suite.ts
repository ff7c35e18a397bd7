import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chat, Heard, range } from '../adapter-ground.ts'
import type { Hosts } from './durability-suite.ts'
import { RemoteAdapter } from './remote-adapter.ts'

/** What an adapter does where its file can't be used. */
export function troubleSuite({ start, shared, freshFile }: Hosts): void {
  const open = (file: string, host = shared()): Promise<RemoteAdapter> => RemoteAdapter.open(host, file)

  /** A file with something in it that was closed as it should be. */
  async function usedFile(): Promise<string> {
    const file = freshFile()
    const adapter = await open(file)
    await Promise.all(range(1, 90).map((i) => adapter.publish('r', chat(`${i}`.repeat(200)))))
    await adapter.close()
    return file
  }

  describe('a disk that is full', () => {
    /** SQLite's own bound on the pages of a file fails as a full disk does. */
    const fill = async (adapter: RemoteAdapter): Promise<void> => {
      const [row] = await adapter.sql('PRAGMA page_count')
      await adapter.sql(`PRAGMA max_page_count = ${row?.['page_count']}`)
    }

    test('[ROOM-16] refuses every publish of the turn with unavailable, announces none, and goes on without a hole when there is room', async () => {
      const host = start()
      const adapter = await RemoteAdapter.open(host, freshFile())
      const heard = new Heard()
      await adapter.start({ deliver: heard.deliver, restored: () => {} })
      await adapter.subscribe('r')
      const first = await adapter.publish('r', chat('x', { clientId: 'first' }))
      await fill(adapter)
      for (let attempt = 0; attempt < 2; attempt++) {
        const results = await adapter.turn([
          { room: 'r', draft: chat('small', { clientId: 'small' }) },
          { room: 'r', draft: chat('x'.repeat(20_000)) },
          { room: 'r', draft: chat('now', { transient: true }) },
          { room: 'other', draft: chat('y') },
          { room: 'r', draft: chat('y', { clientId: 'first' }) },
        ])
        expect(results).toEqual(Array.from({ length: 5 }, () => 'unavailable'))
      }
      expect(heard.offsets('r')).toEqual([1])
      expect(await adapter.subscribe('r')).toEqual(first.position)
      expect(host.logged.match(/the log can not be used/g)).toHaveLength(1)
      expect(host.logged).toMatch(/full/)

      await adapter.sql('PRAGMA max_page_count = 100000')
      expect(await adapter.publish('r', chat('small', { clientId: 'small', age: 100 }))).toMatchObject({
        position: { offset: 2 },
        duplicate: false,
      })
      expect(await adapter.publish('r', chat('x', { clientId: 'first', age: 100 }))).toEqual({
        ...first,
        duplicate: true,
      })
      expect(heard.offsets('r')).toEqual([1, 2])
      expect(host.logged).toMatch(/can be written again/)
    })

    test('[ROOM-10] what is refused for itself alone fails nothing else of its turn', async () => {
      const adapter = await open(freshFile())
      await adapter.publish('r', chat('x', { clientId: 'one' }))
      const results = await adapter.turn([
        { room: 'r', draft: chat('a') },
        { room: 'r', draft: chat('y', { clientId: 'one' }) },
        { room: 'new', draft: chat('y', { clientId: 'old', age: 400_000 }) },
        { room: 'r', draft: chat('b') },
      ])
      expect(results).toEqual(['published', 'id_reused', 'outcome_unknown', 'published'])
      expect(await adapter.subscribe('r')).toMatchObject({ offset: 3 })
      expect(await adapter.sql('SELECT * FROM parlor_rooms')).toHaveLength(1)
    })

    test('fails the probe only where nothing can be written', async () => {
      const adapter = await open(freshFile())
      await adapter.probe()
      await adapter.sql('PRAGMA query_only = ON')
      await expect(adapter.probe()).rejects.toMatchObject({ code: 'unavailable' })
      await adapter.sql('PRAGMA query_only = OFF')
      await adapter.probe()
    })

    test('[ROOM-9] keeps what it could not delete until it can', async () => {
      const adapter = await open(freshFile())
      await adapter.publish('r', chat('x'))
      await adapter.sql('PRAGMA query_only = ON')
      await adapter.advance(305_000)
      expect(await adapter.timers()).toBe(1)
      await adapter.sql('PRAGMA query_only = OFF')
      await adapter.advance(15_000)
      expect(await adapter.sql('SELECT * FROM parlor_rooms')).toEqual([])
      expect(await adapter.timers()).toBe(0)
    })
  })

  describe('a file that is not for us', () => {
    test('[ROOM-16] another process has: says so, and leaves it alone', async () => {
      const file = freshFile()
      const owner = await open(file)
      await owner.publish('r', chat('1'))
      await expect(open(file, start())).rejects.toThrow(/\.db: another process has it.*a file of its own/)
      await owner.publish('r', chat('2'))
      expect((await owner.history('r', { epoch: '', offset: 0 }, 10)).publications).toHaveLength(2)
      await owner.close()
      const next = await open(file)
      expect((await next.history('r', { epoch: '', offset: 0 }, 10)).publications).toHaveLength(2)
    })

    test('[ROOM-16] another adapter of the same process has: says so', async () => {
      const file = freshFile()
      const owner = await open(file)
      await expect(open(file)).rejects.toThrow(/another process has it/)
      await owner.publish('r', chat('1'))
    })

    test('is in no folder, or is one: says what to look after', async () => {
      await expect(open(`${freshFile()}/no/x.db`)).rejects.toThrow(
        /no\/x\.db: can not be opened. Does its folder exist/,
      )
      const folder = freshFile()
      mkdirSync(folder)
      await expect(open(folder)).rejects.toThrow(/can not be opened/)
    })

    test('is something else: is left as it is', async () => {
      const file = freshFile()
      writeFileSync(file, 'not a database, whatever its name says\n'.repeat(100))
      const before = readFileSync(file)
      await expect(open(file)).rejects.toThrow(/is not a SQLite database/)
      expect(readFileSync(file)).toEqual(before)
    })

    test("is another program's database: is left as it is", async () => {
      const file = await usedFile()
      const adapter = await open(file)
      for (const table of ['meta', 'rooms', 'publications', 'client_ids'])
        await adapter.sql(`ALTER TABLE parlor_${table} RENAME TO shop_${table}`)
      await adapter.close()
      const before = statSync(file).mtimeMs
      await expect(open(file)).rejects.toThrow(/belongs to something else: it has the tables shop_/)
      expect(statSync(file).mtimeMs).toBe(before)
    })

    test('was written by a newer Parlor: says so', async () => {
      const file = await usedFile()
      const adapter = await open(file)
      await adapter.sql(`UPDATE parlor_meta SET value = '99' WHERE name = 'schema'`)
      await adapter.close()
      await expect(open(file)).rejects.toThrow(/was written by a newer Parlor \(schema 99, this one knows 2\)/)
    })
  })

  describe('a file that is damaged', () => {
    test.each([
      ['in its beginning', 4],
      ['where nothing is read before somebody asks for it', -1],
    ])('%s: the start fails, and says what to do', async (_, page) => {
      const file = await usedFile()
      const bytes = readFileSync(file)
      const at = (page < 0 ? bytes.length : 0) + 4096 * page
      bytes.fill(0xa5, at, at + 4096)
      writeFileSync(file, bytes)
      await expect(open(file)).rejects.toThrow(/is damaged\. Put a backup in its place, or move it away/)
    })

    test('[HTTP-5] where that is found after a commit: what was committed is acknowledged, and the process lives', async () => {
      const adapter = await open(freshFile(), start())
      await adapter.publish('other', chat('x'))
      await adapter.sql('UPDATE parlor_rooms SET look = 1.5')
      expect(await adapter.publish('r', chat('x'))).toMatchObject({ position: { offset: 1 } })
      expect(await adapter.subscribe('r')).toMatchObject({ offset: 1 })
    })

    test('by a crash is whole again: the write-ahead log beside it is taken up', async () => {
      const file = freshFile()
      const copy = freshFile()
      const adapter = await open(file)
      for (const i of range(1, 20)) await adapter.publish('r', chat(`${i}`))
      // As after a power cut: what the disk had, the last write torn.
      copyFileSync(file, copy)
      const wal = readFileSync(`${file}-wal`)
      writeFileSync(`${copy}-wal`, Buffer.concat([wal, wal.subarray(-1000)]))
      const second = await open(copy)
      expect((await second.history('r', { epoch: '', offset: 0 }, 100)).publications).toHaveLength(20)
    })
  })

  test('after close publishes are refused, and nothing else happens', async () => {
    const adapter = await open(freshFile())
    await adapter.subscribe('r')
    await adapter.close()
    await adapter.unsubscribe('r')
    await expect(adapter.publish('r', chat('x'))).rejects.toMatchObject({ code: 'unavailable' })
    await expect(adapter.subscribe('r')).rejects.toMatchObject({ code: 'unavailable' })
    expect(await adapter.timers()).toBe(0)
  })
}
