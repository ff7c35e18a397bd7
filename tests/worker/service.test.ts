import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)

describe('the service on Workers', () => {
  test('refuses to start without a secret', async () => {
    const failed = run(process.execPath, ['scripts/start-worker.mjs', '--port', '0'], { env: {} })
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('PARLOR_AUTH_SECRET') })
  })

  // The command needs Node 22.
  test('wrangler.toml deploys as it stands', { timeout: 60_000 }, async () => {
    const out = mkdtempSync(join(tmpdir(), 'parlor-deploy-'))
    onTestFinished(() => rmSync(out, { recursive: true, force: true }))
    const args = ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', out]
    const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
    const { stdout } = await run('tests/node24/node_modules/.bin/node', args, { env })
    expect(stdout).toContain('env.PARLOR (ParlorObject)')
    expect(readFileSync(join(out, 'main.js'), 'utf8')).toContain('ParlorObject')
  })
})
