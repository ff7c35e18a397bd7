import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** What each part of the source may import: parts of the source, and packages. */
const MAY: Readonly<Record<string, { readonly parts: readonly string[]; readonly packages: readonly RegExp[] }>> = {
  core: { parts: ['core'], packages: [/^valibot$/] },
  adapters: { parts: ['core', 'adapters'], packages: [] },
  client: { parts: ['core', 'client'], packages: [] },
  http: { parts: ['core', 'http'], packages: [/^valibot$/, /^hono($|\/)/] },
  runtimes: { parts: ['core', 'adapters', 'http', 'runtimes'], packages: [/./] },
}

interface Import {
  readonly file: string
  readonly part: string
  readonly specifier: string
}

function importsOf(file: string): Import[] {
  const source = readFileSync(resolve(SRC, file), 'utf8')
  const found = source.matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm)
  return [...found].map(([, specifier = '']) => ({ file, part: file.split('/')[0] ?? '', specifier }))
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const imports = files.flatMap(importsOf)

describe('architecture', () => {
  test('every source file belongs to a part that has a rule', () => {
    expect(
      [...new Set(files.map((file) => file.split('/')[0]))].filter((part) => !Object.hasOwn(MAY, part ?? '')),
    ).toEqual([])
  })

  test('imports point from runtimes to http and adapters, from those to core, and never back', () => {
    const wrong = imports.filter(({ file, part, specifier }) => {
      const rule = MAY[part]
      if (!specifier.startsWith('.')) return !rule?.packages.some((allowed) => allowed.test(specifier))
      const target = relative(SRC, resolve(SRC, dirname(file), specifier)).split('/')[0] ?? ''
      return !rule?.parts.includes(target)
    })
    expect(wrong).toEqual([])
  })

  test('one runtime does not import another', () => {
    const platforms = ['node', 'deno', 'bun', 'worker']
    const wrong = imports.filter(({ file, specifier }) => {
      const own = file.split('/')[1] ?? ''
      const target = relative(SRC, resolve(SRC, dirname(file), specifier)).split('/')[1] ?? ''
      return file.startsWith('runtimes/') && platforms.includes(own) && platforms.includes(target) && own !== target
    })
    expect(wrong).toEqual([])
  })

  test('core names no platform', () => {
    const core = files.filter((file) => file.startsWith('core/'))
    const wrong = core.filter((file) =>
      /\b(?:(?:Deno|Bun|process|console|globalThis|performance)\.\w|Date\.now|(?:set(?:Timeout|Interval|Immediate)|fetch)\()/.test(
        readFileSync(resolve(SRC, file), 'utf8'),
      ),
    )
    expect(wrong).toEqual([])
  })
})

const Lock = v.object({
  packages: v.record(v.string(), v.object({ optionalDependencies: v.optional(v.record(v.string(), v.string()), {}) })),
})

/** Where npm looks for a dependency of the package at `path`: beside its own dependencies, then further and further out. */
function placesOf(dependency: string, path: string): string[] {
  const place = `${path === '' ? '' : `${path}/`}node_modules/${dependency}`
  const outer = path.lastIndexOf('node_modules/')
  return path === '' ? [place] : [place, ...placesOf(dependency, path.slice(0, Math.max(0, outer - 1)))]
}

describe.each(['package-lock.json', 'bench/package-lock.json'])('%s', (file) => {
  test('has the packages of every platform: npm ci fails on a lock that was written on one alone', () => {
    const lock: unknown = JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
    const { packages } = v.parse(Lock, lock)
    const wanted = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies).map((dependency) => ({ path, dependency })),
    )
    // The benchmarks' own packages are the same everywhere.
    if (file === 'package-lock.json') expect(wanted.length).toBeGreaterThan(10)
    const missing = wanted.filter(
      ({ path, dependency }) => !placesOf(dependency, path).some((place) => Object.hasOwn(packages, place)),
    )
    expect(missing).toEqual([])
  })
})
