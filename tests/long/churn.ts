/** Clients that come, go and talk at random. */
import { ChurnClient, ENDS, newTally, type Tally } from './churn-client.ts'

const ROOMS = 50
/** ms between two steps, and how many clients act in one: each about once a second. */
const STEP = 10

export interface Churn {
  readonly port: number
  readonly clients: number
  /** ms. */
  readonly duration: number
  readonly seed: number
}

/** Runs to its end, when every client has left and its connection is over. */
export async function churn({ port, clients: count, duration, seed }: Churn): Promise<Tally> {
  const random = randomFrom(seed)
  const pick = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random() * values.length)]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }
  const tally = newTally()
  const clients = Array.from({ length: count }, () => new ChurnClient(port, tally))
  const act = (client: ChurnClient): void => {
    const what = random()
    if (!client.isConnected) client.connect()
    else if (client.rooms.length === 0 || what < 0.2) client.join(`room-${Math.floor(random() * ROOMS)}`)
    else if (what < 0.7) client.chat(pick(client.rooms), 'x'.repeat(Math.floor(random() * 500)))
    else if (what < 0.85) client.leave(pick(client.rooms))
    else client.go(pick(ENDS))
  }

  await new Promise<void>((resolve) => {
    const steps = duration / STEP
    let step = 0
    const timer = setInterval(() => {
      for (let acting = 0; acting < (count * STEP) / 1000; acting++) act(pick(clients))
      if (++step < steps) return
      clearInterval(timer)
      resolve()
    }, STEP)
  })
  for (const client of clients) client.go(pick(ENDS))
  await Promise.all(clients.map((client) => client.gone()))
  return tally
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
