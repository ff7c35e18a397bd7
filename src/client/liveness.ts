import type { Environment } from './environment.ts'

/** ms that a server may take to answer a ping after a silence. */
const GRACE = 10_000
/** The same, where there is reason to doubt the connection: the machine slept, the network changed. */
const QUICK = 4_000
/** A timer that is later than this says that the machine slept, or that the page is hidden. */
const LATE = 3_000
/** A sleep is noticed within this time of waking up. */
const GLANCE = 10_000

/**
 * Whether the server is still there: it is pinged ever so often, and given up where nothing comes. What else comes makes no ping needless,
 * since the server may know by it that this side is there. A timer that fires far too late proves nothing (what came meanwhile is read
 * after it), so it asks once more instead.
 */
export class Liveness {
  readonly #env: Environment
  readonly #heartbeat: number
  readonly #ping: () => void
  readonly #dead: () => void
  #pingedAt: number
  #state: 'listening' | 'asked' | 'doubting' = 'listening'
  #cancel = (): void => {}

  /** `heartbeat`: ms between two pings. */
  constructor(env: Environment, heartbeat: number, ping: () => void, dead: () => void) {
    this.#env = env
    this.#heartbeat = Math.max(100, heartbeat)
    this.#ping = ping
    this.#dead = dead
    this.#pingedAt = env.monotonic()
    this.#listen()
  }

  /** Anything came. */
  heard(): void {
    if (this.#state !== 'listening') this.#listen()
  }

  /** The connection is in doubt: asks at once. */
  check(): void {
    if (this.#state !== 'doubting') this.#doubt()
  }

  stop(): void {
    this.#cancel()
  }

  #listen(): void {
    this.#state = 'listening'
    const rest = this.#heartbeat - (this.#env.monotonic() - this.#pingedAt)
    if (rest <= 0) return this.#ask()
    this.#wait(Math.min(rest, GLANCE), (late) => (late ? this.#doubt() : this.#listen()))
  }

  #ask(): void {
    this.#state = 'asked'
    this.#pingedAt = this.#env.monotonic()
    this.#ping()
    this.#wait(GRACE, (late) => (late ? this.#doubt() : this.#dead()))
  }

  #doubt(): void {
    this.#state = 'doubting'
    this.#ping()
    const again = (late: boolean): void => {
      if (!late) return this.#dead()
      this.#ping()
      this.#wait(QUICK, this.#dead)
    }
    this.#wait(QUICK, again)
  }

  #wait(ms: number, task: (late: boolean) => void): void {
    this.#cancel()
    const due = this.#env.now() + ms
    this.#cancel = this.#env.after(ms, () => task(this.#env.now() - due > LATE))
  }
}
