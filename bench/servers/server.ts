import type { Task } from '../scenarios.ts'

/** How its clients speak (bench/loadgen/src/dialect.rs). */
export type Dialect = 'text' | 'parlor' | 'socketio' | 'centrifuge'

/** What has to be built before it can run. */
export type Part = 'loadgen' | 'parlor' | 'packages' | 'axum' | 'centrifuge' | 'partyserver'

export interface Server {
  readonly name: string
  /** What it is, in a line. */
  readonly what: string
  readonly parts: readonly Part[]
  /** The command that serves on 127.0.0.1 and this port. */
  readonly command: (port: number) => readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  readonly dialect: Dialect
  readonly subprotocol?: string
  /** Where a member of a room connects. `{room}` stands for the room's name. */
  readonly room: string
  /** Where text comes back; none: it has nothing like it. */
  readonly echo?: string
  readonly acks?: boolean
  /** False: it has one room. */
  readonly rooms?: boolean
}

/** Whether the server can do what the task is about. */
export function can(server: Server, needs: 'echo' | 'rooms' | 'acks' | undefined): boolean {
  switch (needs) {
    case 'echo':
      return server.echo !== undefined
    case 'acks':
      return server.acks === true
    case 'rooms':
      return server.rooms !== false
    default:
      return true
  }
}

/** What the load generator is told of it. */
export function target(server: Server, task: Task, needs: string | undefined): Record<string, unknown> {
  if (needs === 'echo') return { path: server.echo, dialect: 'text', task }
  const { room: path, dialect, subprotocol } = server
  return { path, dialect, task, ...(subprotocol === undefined ? {} : { subprotocol }) }
}
