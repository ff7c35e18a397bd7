/** What is known of how much of what a socket was sent still waits for its peer, on a platform that does not say. */
export interface Gauge {
  /** A message of so many characters was sent. */
  spend(length: number): void
  /** Bytes beyond what may wait without harm. */
  excess(): number
  /** Calls `task` once, when that may have come down. */
  whenDrained(task: () => void): void
}

/** Bytes that a message takes beside its text while it waits in the runtime. */
export const FRAME_COST = 1024
