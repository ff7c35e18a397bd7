import type { LogLimits } from './broadcast-adapter.ts'
import type { Encode } from './entry.ts'

/** What is fixed for one room, for all that work for it. */
export interface RoomTraits {
  readonly name: string
  readonly limits: LogLimits
  /** What makes its publications texts of one frame each. */
  readonly encode: Encode
}
