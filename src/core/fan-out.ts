/**
 * How a runtime brings one batch to the sockets of many members. Between `begin` and `end` each socket is handed one batch at most, and
 * nothing else. Neither throws.
 */
export interface FanOut {
  /** Batches of so many publications follow, for so many sockets: they may be kept together until `end`. */
  begin(sockets: number, publications: number): void
  /** Everything has been handed to the sockets, or those that can't take it have been ended. Answers the ms that other threads worked for it. */
  end(): number
  /** From now on batches are handed over one by one. */
  close(): void
}

/** Each socket is handed its batch by itself. */
export const ONE_BY_ONE: FanOut = { begin: () => {}, end: () => 0, close: () => {} }
