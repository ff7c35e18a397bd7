/** Bundles the room for workerd: `node build.mjs FOLDER`. */
import { join } from 'node:path'
import { build } from 'esbuild'

await build({
  entryPoints: [join(import.meta.dirname, 'room.mjs')],
  outfile: join(process.argv[2], 'partyserver.js'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['workerd', 'worker', 'browser'],
  external: ['cloudflare:*', 'node:*'],
  logLevel: 'error',
})
