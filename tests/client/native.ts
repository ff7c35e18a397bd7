/**
 * A client on a runtime's own WebSocket, run by native.test.ts as `native.ts <address> <token>`: it publishes, loses its connection,
 * and says what it heard.
 */
import { connect, type Missed } from '../../src/client/index.ts'

const [address = '', token = ''] = process.argv.slice(2)
const heard: string[] = []
const missed: Missed[] = []
const parlor = connect(address, { token: async () => token, environment: { random: () => 0 } })
const states: string[] = []
parlor.subscribe(({ kind }) => states.push(kind))
const room = parlor.join('native', {
  onMessage: (message) => void heard.push(message.type === 'chat' ? message.content : message.name),
  onMissed: (what) => void missed.push(what),
})
await room.ready()
const first = await room.publish('one')
// The test cuts the connection when it reads this.
console.log('cut')
while (!states.includes('waiting')) await new Promise((resolve) => setTimeout(resolve, 10))
const second = await room.publish('two')
while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
const { messages } = await room.history({ after: first.position })
parlor.close()
console.log(
  JSON.stringify({
    heard,
    missed,
    states,
    offset: second.position.offset,
    after: messages.map(({ id }) => id === second.position.id),
  }),
)
