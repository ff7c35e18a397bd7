import type { Announced, Answer } from '../../adapters/object-peers.ts'
import type { Draft, HistoryPage, HistoryStart, Published } from '../../core/broadcast-adapter.ts'
import type { StreamPosition } from '../../core/protocol.ts'

/** What an object answers to other objects and the Worker, as they see it. */
export interface ObjectStub {
  fetch(request: Request): Promise<Response>
  admit(object: string): Promise<StreamPosition>
  dismiss(object: string): Promise<void>
  publish(draft: Draft, object: string): Promise<Answer<Published>>
  history(start: HistoryStart, limit: number): Promise<HistoryPage>
  announce(room: string, announced: readonly Announced[]): Promise<boolean>
}

/** The objects, by name. The platform's own type of it does not get to the end of recursive ones such as JSON. */
export interface ObjectNamespace {
  getByName(name: string): ObjectStub
}

/** What a Worker has bound as `name`. */
export function namespaceIn(bindings: object, name: string): ObjectNamespace {
  const found: unknown = Object.entries(bindings).find(([key]) => key === name)?.[1]
  if (isNamespace(found)) return found
  throw new Error(`there is no Durable Object namespace bound as ${name}: see wrangler.toml`)
}

const isNamespace = (value: unknown): value is ObjectNamespace =>
  typeof value === 'object' && value !== null && 'getByName' in value
