/**
 * How a runtime brings batches to the sockets of many members. Between `begin` and `end`, and from `beginTurn` to `endTurn`, each socket that
 * is not corked is handed one batch at most, and nothing else is asked of it. None of them throws.
 */
export interface FanOut {
  /** Batches follow for so many sockets of one room: they may be kept together until `end`. */
  begin(sockets: number): void
  /**
   * Everything has been handed to the sockets, or those that can't take it have been ended; within a turn that may follow with its end.
   * Answers the ms that other threads worked for it.
   */
  end(): number
  /** So many rooms follow, each with a `begin` and an `end`: what they hand out may be kept together until `endTurn`. */
  beginTurn(rooms: number): void
  /** Everything has been handed to the sockets. Answers the ms that it took beside what passed between each `begin` and `end`. */
  endTurn(): number
  /** From now on batches are handed over one by one. */
  close(): void
}

/** Each socket is handed its batch by itself. */
export const ONE_BY_ONE: FanOut = {
  begin: () => {},
  end: () => 0,
  beginTurn: () => {},
  endTurn: () => 0,
  close: () => {},
}
