import type { Limits } from '../core/settings.ts'

export type Refused = { readonly status: 503 | 429; readonly text: string }

/** Counts connections, in all and by address, against the limits of a process. */
export class Admission {
  readonly #limits: Limits
  readonly #byAddress = new Map<string, number>()
  #count = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Why there is no room for one more; undefined: there is. */
  refusal(address: string | undefined): Refused | undefined {
    const { connections, connectionsPerAddress } = this.#limits
    if (connections > 0 && this.#count >= connections) return { status: 503, text: 'Too many connections' }
    if (
      connectionsPerAddress > 0 &&
      address !== undefined &&
      (this.#byAddress.get(address) ?? 0) >= connectionsPerAddress
    ) {
      return { status: 429, text: 'Too many connections from this address' }
    }
    return undefined
  }

  enter(address: string | undefined): void {
    this.#count++
    if (this.#limits.connectionsPerAddress > 0 && address !== undefined) {
      this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1)
    }
  }

  exit(address: string | undefined): void {
    this.#count--
    if (this.#limits.connectionsPerAddress === 0 || address === undefined) return
    const left = (this.#byAddress.get(address) ?? 0) - 1
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }
}
