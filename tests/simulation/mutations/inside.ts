/** A text of a source file, and what stands there instead. */
export interface Edit {
  /** Under src/. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A deliberate fault inside of src/, made by editing a copy of it. */
export interface InsideMutation {
  readonly name: string
  /** What the fault may break; another rule than these would be a surprise. */
  readonly breaks: RegExp
  /** A seed near which it shows, where it shows rarely. */
  readonly from?: number
  readonly edits: readonly Edit[]
}

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace })

export const INSIDE: readonly InsideMutation[] = [
  {
    name: 'a jump is delivered before what is missing has been read',
    breaks: /ROOM-2/,
    edits: [
      edit(
        'core/log-copy.ts',
        'if (offset > this.log.head.offset) return false',
        'if (offset > this.log.head.offset) { this.log.restart({ offset: offset - 1 }); return this.#append(publication) }',
      ),
    ],
  },
  {
    name: 'a resume looks at the offset and not at the id',
    breaks: /ROOM-[123]|guarantee 4/,
    edits: [edit('core/start.ts', "return known.id === since.id ? 'here' : 'unknown'", "return 'here'")],
  },
  {
    name: 'recovered is said though the log was trimmed',
    breaks: /ROOM-[235]|guarantee 4/,
    edits: [edit('core/start.ts', 'if (intact && !isOther) return', 'if (!isOther) return')],
  },
  {
    name: 'a fork is no reset',
    breaks: /ROOM-[123]|HTTP-5/,
    edits: [
      edit(
        'core/log-copy.ts',
        "if (start.offset <= asked.offset) this.#reset(start, 'fork')",
        'if (start.offset <= asked.offset) return',
      ),
    ],
  },
  {
    name: 'what was announced before the log was read is believed',
    breaks: /ROOM-[123]|WS-7/,
    edits: [
      edit('core/feed.ts', 'i < judged ? this.#isAnswered(each) : this.#isTaken(each)', 'this.#isTaken(each)'),
      edit('core/feed.ts', 'behind the new one.\n    this.#held = []', 'behind the new one.'),
    ],
  },
  {
    name: 'a burst is evicted before it was flushed',
    breaks: /ROOM-2/,
    edits: [
      edit('core/room.ts', 'if (waiting * 2 >= size ||', 'if (size === 0 ||'),
      edit(
        'core/live-members.ts',
        'new Batch(this.#texts.slice(from))',
        'new Batch(this.#texts.slice(from).slice(-5))',
      ),
    ],
  },
  {
    name: 'who was not handed anything counts as having it',
    breaks: /ROOM-[12]/,
    edits: [
      edit('core/live-members.ts', 'if (only && section !== only && !isEmpty) continue', ''),
      edit(
        'core/live-members.ts',
        'if (!isEmpty && section.has < end) {',
        'if (!isEmpty && (only ?? section) === section) {',
      ),
    ],
  },
  {
    name: 'a slow member begins behind the batch that it did not get',
    breaks: /ROOM-2/,
    edits: [
      edit(
        'core/room.ts',
        "member.state = { kind: 'lagging', cursor: before }",
        "member.state = { kind: 'lagging', cursor: this.#copy.log.head }",
      ),
    ],
  },
  {
    name: 'a gap begins one too late',
    breaks: /ROOM-[25]/,
    edits: [edit('core/catch-up.ts', 'const from = state.cursor.offset + 1', 'const from = state.cursor.offset + 2')],
  },
  {
    name: 'who left goes on getting what the room gets',
    breaks: /ROOM-2/,
    edits: [
      edit('core/room.ts', "if (member.state.kind === 'live') this.#live.remove(member.state)\n    else", ''),
      edit('core/room.ts', "if (member?.state.kind !== 'live' ||", 'if (!member ||'),
    ],
  },
  {
    name: 'an ack does not wait for the log',
    breaks: /ROOM-1[01]/,
    edits: [
      edit(
        'core/memberships.ts',
        'if (publish === undefined) return this.#hub.publish(name, draft)',
        `if (publish === undefined) {
           const head = this.#memberIn(name)?.room.position()
           Promise.resolve().then(() => this.#hub.publish(name, draft)).catch(() => {})
           return { duplicate: false, ...(head ? { position: { ...head, offset: head.offset + 1 } } : {}) }
         }`,
      ),
    ],
  },
  {
    name: 'a room that was left stays subscribed',
    breaks: /ROOM-9/,
    edits: [
      edit(
        'core/memberships.ts',
        'member.room.dismiss(member)\n    this.#hub.rooms.exit(name)',
        'member.room.dismiss(member)',
      ),
    ],
  },
  {
    name: 'silent peers are never dropped',
    breaks: /BEAT-2|ROOM-9/,
    edits: [edit('core/connection.ts', 'if (patience === undefined) return\n', 'return\n')],
  },
  {
    name: 'a request that is done still counts as pending',
    breaks: /WS-7|ROOM-[39]|ROOM-11|liveness/,
    edits: [edit('core/pending.ts', "if (state.kind === 'counted') inbox.end(state.cost)", '')],
  },
  {
    name: 'the client does not say how old a resend is',
    breaks: /ROOM-10/,
    edits: [edit('client/requests.ts', 'const age = Math.max(0,', "if (first) return ''\n    const age = Math.max(0,")],
  },
  {
    name: 'the client takes what is of an earlier membership',
    breaks: /ROOM-[12]/,
    edits: [edit('client/membership.ts', 'if (!this.#isIn) return\n    switch', 'switch')],
  },
  {
    name: 'the client does not tell that it was not recovered',
    breaks: /guarantee 4|ROOM-[123]/,
    edits: [edit('client/stream.ts', "if (since) this.#missed({ kind: 'not_recovered', since, position })", '')],
  },
  // Faults that the simulation found once, put in again.
  {
    name: 'the place for reading goes to one that may not need it, and no further',
    from: 10_150,
    breaks: /ROOM-3|WS-7/,
    edits: [
      edit(
        'core/reading-place.ts',
        'this.#waiting = undefined\n    return waiting',
        'for (const next of waiting) { this.#waiting?.delete(next); return [next] }\n    return []',
      ),
    ],
  },
  {
    name: 'a copy in doubt takes announcements',
    from: 1916,
    breaks: /ROOM-[123]/,
    edits: [
      edit('core/feed.ts', 'return this.#held.length === 0 && !this.#doubtful', 'return this.#held.length === 0'),
    ],
  },
  {
    name: 'nobody doubts a log whose engine was away',
    breaks: /ROOM-[123]/,
    edits: [edit('core/feed.ts', 'doubt(): void {\n    this.#doubtful = true', 'doubt(): void {')],
  },
  {
    name: 'an unsubscribe that failed is not tried again',
    breaks: /ROOM-9/,
    edits: [edit('core/rooms.ts', 'if (!this.#entries.has(name)) this.#unsubscribe(name)', '')],
  },
]
