/** The Worker that has the objects of these tests. The tests themselves run in it. */
import { Hono } from 'hono'
import { createParlor } from '../../../src/runtimes/worker/index.ts'

export { AdapterObject } from './adapter-object.ts'

const parlor = createParlor({ auth: 'off' })

export class ParlorObject extends parlor.ParlorObject {}

export default new Hono().route('/', parlor.routes)
