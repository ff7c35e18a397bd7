/** A room on PartyServer as its README has it: every message is broadcast. */
import { routePartykitRequest, Server } from 'partyserver'

export class Room extends Server {
  onMessage(_connection, message) {
    this.broadcast(message)
  }
}

export class Sleeper extends Room {
  static options = { hibernate: true }
}

export default {
  async fetch(request, env) {
    return (await routePartykitRequest(request, env)) ?? new Response('ok')
  },
}
