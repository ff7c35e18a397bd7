import { adapterSuite } from '../../contract/adapter-suite.ts'
import { InsideAdapter } from './inside-adapter.ts'

/** Every room of the suite is in an object of its own; in one of them the adapter has that room's log at hand. */
const OBJECTS = {
  'a gateway': 'gw:here:0',
  'the room’s object': 'room:r',
  'the object of a room that keeps them for a short time': 'room:short',
}

for (const [name, object] of Object.entries(OBJECTS)) {
  adapterSuite(name, async () => {
    const adapter = new InsideAdapter(object)
    return { adapter, advance: (ms) => adapter.advance(ms), close: () => {} }
  })
}
