/**
 * A herd: a server is killed and started again over the same log, and all its clients come back at once, each with messages to
 * catch up on, while one pair of clients goes on talking.
 *
 *   node bench/herd.mjs [--runtime bun|deno|node] [--clients 2000] [--missed 20]
 *
 * Prints one line of JSON: whether everybody was recovered, the ms until the last one had everything, and the latency of the pair.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'

const { values } = parseArgs({
  options: {
    runtime: { type: 'string', default: 'bun' },
    clients: { type: 'string', default: '2000' },
    missed: { type: 'string', default: '20' },
    port: { type: 'string', default: '0' },
  },
})
const COMMANDS = {
  bun: ['node_modules/bun/bin/bun.exe', 'src/runtimes/bun/main.ts'],
  deno: ['node_modules/deno/deno', 'run', '-A', '--cached-only', 'src/runtimes/deno/main.ts'],
  node: [process.env.PARLOR_BENCH_NODE ?? process.execPath, 'dist/runtimes/node/main.js'],
}
const command = COMMANDS[values.runtime]
const clients = Number(values.clients)
const missed = Number(values.missed)
if (!command || !(clients > 0) || !(missed >= 0)) {
  console.error('bench/herd.mjs: --runtime is bun, deno or node; --clients and --missed are numbers')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'parlor-herd-'))
const env = { ...process.env, PARLOR_AUTH: 'off', PARLOR_STORE: `sqlite:${join(folder, 'herd.db')}` }

async function serve(port) {
  const [file, ...args] = command
  const child = spawn(file, [...args, '--host', '127.0.0.1', '--port', `${port}`], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  const address = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
    child.stdout.on('data', (data) => {
      said += data
      const found = /listening on http:\/\/[^\s:]+:(\d+)/.exec(said)
      if (found) resolve(Number(found[1]))
    })
  })
  return { port: address, child }
}

/** A socket in the room; `heard` gets every frame. */
function connect(port, since, heard) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['parlor.v1.batch'], { perMessageDeflate: false })
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'join', room: 'herd', ref: 1, ...(since ? { since } : {}) })),
  )
  socket.on('message', (data) => {
    for (const line of data.toString().split('\n')) heard(JSON.parse(line), socket)
  })
  socket.on('error', () => {})
  return socket
}

/** What one client has come to. */
const follow = (state, frame) => {
  if (frame.type === 'joined') Object.assign(state, { joined: frame, position: frame.position })
  else if (frame.type === 'chat') state.position = { ...state.position, offset: frame.offset, id: frame.id }
}

/** Everybody joins; answers where each has come to. */
function everybody(port, positions, isDone, complain = () => {}) {
  const one = (since) =>
    new Promise((resolve, reject) => {
      const state = { joined: undefined, position: since }
      const socket = connect(port, since, (frame) => {
        follow(state, frame)
        if (['gap', 'reset', 'error'].includes(frame.type)) complain(frame)
        if (isDone(state)) resolve({ socket, ...state })
      })
      socket.on('close', () => reject(new Error('a connection was lost')))
    })
  return Promise.all(positions.map(one))
}

/** One more publishes `count` messages and waits for each. */
async function publish(port, count, content) {
  const latencies = []
  let sent = 0
  let at = 0
  await new Promise((resolve) => {
    const socket = connect(port, undefined, (frame) => {
      if (frame.type === 'joined') next()
      else if (frame.type === 'chat' && frame.content === `${content} ${sent}`) {
        latencies.push(performance.now() - at)
        if (sent < count()) next()
        else {
          socket.close()
          resolve()
        }
      }
    })
    const next = () => {
      at = performance.now()
      socket.send(JSON.stringify({ type: 'chat', room: 'herd', content: `${content} ${++sent}` }))
    }
  })
  return latencies
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

try {
  const first = await serve(values.port)
  const before = await everybody(first.port, Array.from({ length: clients }), ({ joined }) => joined !== undefined)
  for (const { socket } of before) {
    socket.removeAllListeners('close')
    socket.terminate()
  }
  if (missed > 0) await publish(first.port, () => missed, 'missed')
  first.child.removeAllListeners('exit')
  first.child.kill('SIGKILL')
  const second = await serve(first.port)
  const complaints = []
  let isOver = false
  const pair = publish(second.port, () => (isOver ? 0 : Number.POSITIVE_INFINITY), 'meanwhile')
  const start = performance.now()
  const after = await everybody(
    second.port,
    before.map(({ position }) => position),
    ({ joined, position }) => joined !== undefined && position.offset >= missed,
    (frame) => complaints.push(frame),
  )
  const last = performance.now() - start
  isOver = true
  const latencies = (await pair).sort((a, b) => a - b)
  const recovered = after.filter(({ joined }) => joined.recovered).length
  console.log(
    JSON.stringify({
      runtime: values.runtime,
      clients,
      missed,
      recovered,
      complaints: complaints.length,
      last_ms: Math.round(last),
      pair_messages: latencies.length,
      pair_p50_ms: Number(quantile(latencies, 0.5).toFixed(1)),
      pair_p99_ms: Number(quantile(latencies, 0.99).toFixed(1)),
    }),
  )
  second.child.removeAllListeners('exit')
  second.child.kill('SIGKILL')
  process.exit(recovered === clients && complaints.length === 0 ? 0 : 1)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
