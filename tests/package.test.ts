import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { settingsInWords } from '../src/core/config.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const Packed = v.tuple([v.object({ files: v.array(v.object({ path: v.string() })) })])

/** What `npm pack` would put into the tarball. */
function filesOfPackage(): string[] {
  const listing = execFileSync('npm pack --dry-run --ignore-scripts --json', {
    cwd: ROOT,
    encoding: 'utf8',
    shell: true,
  })
  const [{ files }] = v.parse(Packed, JSON.parse(listing))
  return files.map(({ path }) => path)
}

/** A Markdown file without its code. */
const proseOf = (file: string): string =>
  readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    .replaceAll('\r\n', '\n')
    .replace(/^```.*?^```$/gms, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''))

/** As GitHub and npm make them of headings. */
const anchorsOf = (file: string): string[] =>
  [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('docs/settings.md has the settings of --help, in their order', () => {
  const text = readFileSync(new URL('../docs/settings.md', import.meta.url), 'utf8').replaceAll('\r\n', '\n')
  const rows = settingsInWords().map(
    ({ name, help, fallback }) => `| \`${name}\` | ${help} | ${fallback && `\`${fallback}\``} |\n`,
  )
  expect(text.match(/^\| `.*\n/gm)).toEqual(rows)
})

describe('the package', () => {
  const files = filesOfPackage()
  const folders = new Set(files.map((file) => posix.dirname(file)))

  test.each(files.filter((file) => file.endsWith('.md')))('%s: what it links to is in the package too', (file) => {
    const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : posix.join(posix.dirname(file), path)
      if (!files.includes(target)) return !folders.has(target)
      return anchor !== undefined && !anchorsOf(target).includes(anchor)
    })
    expect(broken).toEqual([])
  })
})
