/** Time in ms since 1970. Injected, so that tests own it. */
export interface Clock {
  /** Whole ms, never back: for how long something lasts, and in what order things came. */
  now(): number
  /** What the wall clock says, which may be set forth and back: for what others have dated. */
  wall(): number
}

/** Takes a scheduled call back. Calling it late or twice does nothing. */
export type Cancel = () => void

/** The event loop, as far as the core needs it. A scheduled call must not throw. */
export interface EventLoop {
  /** Runs `task` once, after what this turn of the event loop brings has been handled. */
  endOfTurn(task: () => void): void
  /** Runs `task` once, in a turn of its own. Absent where that is what `endOfTurn` does. */
  nextTurn?(task: () => void): void
  /** Runs `task` once, `ms` from now or later. Does not keep the process alive. */
  after(ms: number, task: () => void): Cancel
  /** ms since some moment, in fractions, for what a piece of work takes. Absent where the time stands still meanwhile. */
  readonly stopwatch?: () => number
}
