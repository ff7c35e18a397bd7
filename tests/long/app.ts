/** app.mjs as a process of its own on each runtime, and what it tells of its inside. */
import * as v from 'valibot'
import { bun, deno, type Fixture, node, type Served } from '../contract/fixtures.ts'

const APP = 'tests/long/app.mjs'

export const nodeApp: Fixture = {
  ...node,
  command: (args) => ({ file: process.execPath, args: ['--expose-gc', APP, ...args] }),
}

export const denoApp: Fixture = {
  ...deno,
  command: (args) => ({ file: 'node_modules/deno/deno', args: ['run', '-A', '--cached-only', APP, ...args] }),
}

export const bunApp: Fixture = {
  ...bun,
  command: (args) => ({ file: 'node_modules/bun/bin/bun.exe', args: [APP, ...args] }),
}

const Stats = v.object({ connections: v.number(), rooms: v.number(), heap: v.number() })
export type Stats = v.InferOutput<typeof Stats>

/** What is there, and the bytes of heap in use after a collection where the runtime lets us ask for one (Node). */
export async function stats(served: Served): Promise<Stats> {
  const response = await fetch(`${served.url}/inside/stats`)
  return v.parse(Stats, await response.json())
}

/** Has the server publish `count` messages into `room` within one turn. */
export async function burst(served: Served, room: string, count: number): Promise<void> {
  const response = await fetch(`${served.url}/inside/burst?room=${room}&count=${count}`, { method: 'POST' })
  v.parse(v.object({ published: v.literal(count) }), await response.json())
}
