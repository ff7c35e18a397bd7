import type { Published } from '../../../src/core/broadcast-adapter.ts'
import type { Eventually } from '../../../src/core/eventually.ts'
import type { Sabotage } from '../network/network.ts'
import { NO_SABOTAGE } from '../simulation.ts'
import { adapterWith, everyNth, isPublication, transportWith } from './wrapping.ts'

/** A deliberate fault, put in from outside of src/. */
export interface OutsideMutation {
  readonly name: string
  /** What the fault may break; another rule than these would be a surprise. */
  readonly breaks: RegExp
  readonly sabotage: () => Partial<Sabotage>
}

const transport = (change: () => (text: string) => readonly string[]): (() => Partial<Sabotage>) => {
  return () => ({ transport: (real) => transportWith(real, change()) })
}

export const OUTSIDE: readonly OutsideMutation[] = [
  {
    name: 'one publication in fifty is dropped without a word',
    breaks: /ROOM-2/,
    sabotage: transport(() => everyNth(50, isPublication, () => [])),
  },
  {
    name: 'one publication in fifty is delivered twice',
    breaks: /ROOM-2/,
    sabotage: transport(() => everyNth(50, isPublication, (text) => [text, text])),
  },
  {
    name: 'two publications change places now and then',
    breaks: /ROOM-2|WS-12/,
    sabotage: transport(swapped),
  },
  {
    name: 'the range of a gap is one too short',
    breaks: /ROOM-[25]/,
    sabotage: transport(() => shortGap),
  },
  {
    name: 'a publication comes after left',
    breaks: /ROOM-2/,
    sabotage: transport(afterLeft),
  },
  {
    name: 'every resume is said to be recovered',
    breaks: /guarantee 4|ROOM-2|ROOM-3/,
    sabotage: transport(() => (text) => [text.replace('"recovered":false', '"recovered":true')]),
  },
  {
    name: 'one answer in twenty is lost',
    breaks: /WS-7|ROOM-11|ROOM-3|liveness/,
    sabotage: transport(() =>
      everyNth(
        20,
        (text) => text.includes('"ref":'),
        () => [],
      ),
    ),
  },
  {
    name: 'the hub takes no notice of what waits for a socket',
    breaks: /CONN-2/,
    sabotage: () => ({ transport: (real) => ({ ...transportWith(real, (text) => [text]), buffered: () => 0 }) }),
  },
  {
    name: 'the id at a position is not compared',
    breaks: /ROOM-[123]|guarantee 4/,
    sabotage: () => ({
      adapter: (real) =>
        adapterWith(real, {
          history: (room, { epoch, offset }, limit) => real.history(room, { epoch, offset }, limit),
        }),
    }),
  },
  {
    name: 'a log that was trimmed is said to be whole',
    breaks: /ROOM-[1235]|guarantee 4|HTTP-5|history/,
    sabotage: () => ({
      adapter: (real) =>
        adapterWith(real, {
          history: async (room, start, limit) => ({ ...(await real.history(room, start, limit)), intact: true }),
        }),
    }),
  },
  {
    name: 'nobody hears that the engine was away',
    breaks: /ROOM-[1235]|guarantee 4/,
    sabotage: () => ({
      adapter: (real) => adapterWith(real, { start: ({ deliver }) => real.start({ deliver, restored: () => {} }) }),
    }),
  },
  {
    name: 'client ids are not compared',
    breaks: /ROOM-1[01]/,
    sabotage: () => ({
      adapter: (real) => {
        let count = 0
        return adapterWith(real, {
          publish: (room, { age: _, ...draft }) => real.publish(room, { ...draft, clientId: `other${count++}` }),
        })
      },
    }),
  },
  {
    name: 'a publish that failed is acknowledged as the one before it',
    breaks: /ROOM-1[01]/,
    sabotage: () => ({
      adapter: (real) => {
        let last: Published = { duplicate: false }
        const remembered = async (published: Eventually<Published>): Promise<Published> => {
          try {
            last = await published
          } catch {
            // Acknowledged all the same.
          }
          return last
        }
        return adapterWith(real, { publish: (room, draft) => remembered(real.publish(room, draft)) })
      },
    }),
  },
  {
    name: 'an old connection lives on beside the one that takes its place',
    breaks: /WS-18/,
    sabotage: () => ({ session: () => undefined }),
  },
]

export const sabotaged = (mutation: OutsideMutation): Sabotage => ({ ...NO_SABOTAGE, ...mutation.sabotage() })

/** Leaves out the last offset of every gap of more than one. */
function shortGap(text: string): readonly string[] {
  const found = /^(\{"type":"gap",.*"from":(\d+)),"to":(\d+),"missed":\d+\}$/.exec(text)
  const [, head = '', from = '', to = ''] = found ?? []
  const end = Number(to) - 1
  return found && Number(from) <= end ? [`${head},"to":${end},"missed":${end - Number(from) + 1}}`] : [text]
}

/** Holds one publication in thirty back until the next one has been sent. */
function swapped(): (text: string) => readonly string[] {
  let held: string | undefined
  const hold = everyNth(30, isPublication, (text) => {
    held = text
    return []
  })
  return (text) => {
    const before = held
    if (before === undefined || !isPublication(text)) return hold(text)
    held = undefined
    return [text, before]
  }
}

/** Says the last publication of a room once more when it has been left. */
function afterLeft(): (text: string) => readonly string[] {
  let last: string | undefined
  return (text) => {
    if (isPublication(text)) last = text
    return last !== undefined && text.startsWith('{"type":"left"') ? [text, last] : [text]
  }
}
