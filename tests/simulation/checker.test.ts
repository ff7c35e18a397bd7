import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const CHECKER = fileURLToPath(new URL('checker', import.meta.url))

test('the checker takes nothing from the source but types', () => {
  const wrong = readdirSync(CHECKER).flatMap((file) => {
    const source = readFileSync(`${CHECKER}/${file}`, 'utf8')
    const imports = [...source.matchAll(/^import (?!type )[^'"]*['"]([^'"]+)['"]/gm)]
    return imports.filter(([, from = '']) => !from.startsWith('./')).map(([line]) => `${file}: ${line}`)
  })
  expect(wrong).toEqual([])
})
