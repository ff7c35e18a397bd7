/** Publications with which a rest ends: by then a write costs each of them little. */
export const FULL = 16

/** The shortest rest, in ms: timers know none that are shorter. */
export const LEAST = 1

/** Hands out what a room has, to all of its members or to those alone who have waited the longest. */
export type Flush = (isPart: boolean) => void

/** When one room's publications go out. */
export interface Rhythm {
  /** A publication has come in, of `waiting` that wait: the flush follows at the end of this turn, or when the room has rested. */
  added(waiting: number): void
  /** A flush of so many begins. */
  begin(publications: number): void
  /**
   * It ends: what it cost is what the next rest goes by. Other threads worked for it for so many ms, too; it was for this share of the room's
   * members, and so many publications wait for others.
   */
  end(elsewhere: number, share: number, waiting: number): void
  /** Nobody waits for a flush any more. */
  stop(): void
}
