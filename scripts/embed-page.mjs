/**
 * Writes src/http/page.generated.ts from src/http/page/* and the SDK, so that the service serves its page without reading files.
 *
 *   node scripts/embed-page.mjs           writes it
 *   node scripts/embed-page.mjs --check   exits 1 where the committed file is not what would be written
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = new URL('../', import.meta.url)
const target = 'src/http/page.generated.ts'
const sources = {
  html: 'src/http/page/index.html',
  css: 'src/http/page/chat.css',
  icon: 'src/http/page/icon.svg',
}

/** The page's script and the SDK as one module, the same on every machine. */
async function bundle() {
  const made = await rolldown({ cwd: fileURLToPath(root), input: 'src/http/page/chat.js', platform: 'browser' })
  const { output } = await made.generate({ format: 'es', minify: true })
  await made.close()
  return output[0].code
}

const texts = { js: await bundle() }
for (const [name, path] of Object.entries(sources)) texts[name] = readFileSync(new URL(path, root), 'utf8')
const lines = ['html', 'css', 'js', 'icon'].map((name) => {
  return `  ${name}: ${JSON.stringify(texts[name].replaceAll('\r\n', '\n'))},`
})
const wanted = `/**
 * The chat page, made from src/http/page/ and src/client/ by \`node scripts/embed-page.mjs\`: change it there, then run the script.
 * \`{{base}}\` in the html stands for the path it is mounted at, with a slash at its end.
 */
// biome-ignore-all format: generated
// biome-ignore-all lint: generated
export const page: { html: string; css: string; js: string; icon: string } = {
${lines.join('\n')}
}
`

if (process.argv.includes('--check')) {
  let current = ''
  try {
    current = readFileSync(new URL(target, root), 'utf8').replaceAll('\r\n', '\n')
  } catch {
    // Not there: not current.
  }
  if (current !== wanted) {
    console.error(`${target} is not current: run "node scripts/embed-page.mjs" and commit the result.`)
    process.exit(1)
  }
  console.log(`${target} is current.`)
} else {
  writeFileSync(new URL(target, root), wanted)
  console.log(`Wrote ${fileURLToPath(new URL(target, root))}`)
}
