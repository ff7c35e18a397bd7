/** The room in the workerd that Parlor has in this run too, set up in the same way: `node serve.mjs FOLDER PORT`. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import workerd from 'workerd'

const [bundle, port] = [join(process.argv[2], 'partyserver.js'), Number(process.argv[3])]
const toml = readFileSync(join(import.meta.dirname, '../../../wrangler.toml'), 'utf8')
const date = /^compatibility_date = "(.*)"$/m.exec(toml)[1]
const flags = /^compatibility_flags = \[(.*)\]$/m.exec(toml)?.[1] ?? ''

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-partyserver-'))
const state = join(folder, 'state')
mkdirSync(state)
writeFileSync(join(folder, 'partyserver.js'), readFileSync(bundle))
writeFileSync(
  join(folder, 'config.capnp'),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "party", worker = .worker),
    (name = "state", disk = (path = ${JSON.stringify(state)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "party")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "partyserver.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = [${flags}],
  bindings = [
    (name = "Room", durableObjectNamespace = "Room"),
    (name = "Sleeper", durableObjectNamespace = "Sleeper"),
  ],
  durableObjectNamespaces = [
    (className = "Room", uniqueKey = "room", enableSql = true),
    (className = "Sleeper", uniqueKey = "sleeper", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "state"),
);
`,
)

const child = spawn(workerd.default, ['serve', join(folder, 'config.capnp')], { stdio: 'inherit' })
process.on('SIGTERM', () => child.kill('SIGKILL'))
process.once('exit', () => {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
child.once('exit', () => process.exit())
