import { hasControls } from './text.ts'

/** Whether a room can have this name: 1 to `most` UTF-16 code units, no control characters. */
export const isRoomName = (name: string, most: number): boolean =>
  name.length > 0 && name.length <= most && !hasControls(name)
