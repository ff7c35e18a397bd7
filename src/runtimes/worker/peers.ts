import type { AudiencePeer, RoomPeer } from '../../adapters/object-peers.ts'
import type { ObjectNamespace } from './calls.ts'
import { objectOfRoom } from './placement.ts'

/** How objects reach each other. */
export interface Peers {
  readonly roomPeer: (room: string) => RoomPeer
  readonly audiencePeer: (object: string) => AudiencePeer
}

export function peersIn(namespace: () => ObjectNamespace): Peers {
  return {
    roomPeer: (room) => {
      const stub = namespace().getByName(objectOfRoom(room))
      return {
        subscribe: (object) => stub.admit(object),
        unsubscribe: (object) => stub.dismiss(object),
        publish: (draft, object) => stub.publish(draft, object),
        history: (start, limit) => stub.history(start, limit),
      }
    },
    audiencePeer: (object) => {
      const stub = namespace().getByName(object)
      return { announce: (room, announced) => stub.announce(room, announced) }
    },
  }
}
