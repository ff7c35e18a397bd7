/** The service on Cloudflare Workers: `wrangler deploy` deploys it. */
import { DurableObject, env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { type Config, ConfigError } from '../../core/config.ts'
import { serviceLogger } from '../logging.ts'
import { optionsOf } from '../service-options.ts'
import { readSettings } from '../service-settings.ts'
import { createParlor, type WorkerParlor } from './index.ts'

const strings = Object.fromEntries(
  Object.entries(env).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
)

type Started = Pick<WorkerParlor, 'routes' | 'ParlorObject'>

function start(): Started {
  try {
    const config = readSettings(strings)
    if (config.PARLOR_AUTH === 'on' && config.PARLOR_AUTH_SECRET === '') {
      return refusing([
        'PARLOR_AUTH_SECRET is not set: npx wrangler secret put PARLOR_AUTH_SECRET (PARLOR_AUTH=off: let everybody in)',
      ])
    }
    return serve(config)
  } catch (reason) {
    if (reason instanceof ConfigError) return refusing(reason.problems)
    throw reason
  }
}

function serve(config: Config): Started {
  const options = optionsOf(config, config.PARLOR_AUTH_SECRET || undefined, serviceLogger(config))
  return createParlor(options)
}

/** A Worker can't end itself: it says what is wrong to its owner, and nobody gets in. */
function refusing(problems: readonly string[]): Started {
  const routes = new Hono().all('*', (c) => {
    console.error(`Parlor can't start with these settings:\n  ${problems.join('\n  ')}`)
    return c.text("Parlor can't start with its settings: see the logs of this Worker", 503)
  })
  return { routes, ParlorObject: class extends DurableObject {} }
}

const { routes, ParlorObject } = start()

export { ParlorObject }
export default new Hono().route('/', routes)
