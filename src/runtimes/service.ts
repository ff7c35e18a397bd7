import process from 'node:process'
import { parseArgs } from 'node:util'
import { Hono } from 'hono'
import type { BroadcastAdapter, LogLimits } from '../core/broadcast-adapter.ts'
import { type Config, ConfigError, describeSettings } from '../core/config.ts'
import { wordsOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { systemClock, systemRandom } from '../http/platform.ts'
import { signToken } from '../http/tokens.ts'
import { serviceLogger } from './logging.ts'
import { eventLoop } from './loop.ts'
import type { ParlorOptions } from './options.ts'
import type { Parlor } from './parlor.ts'
import { optionsOf } from './service-options.ts'
import { readSettings } from './service-settings.ts'
import { type OpenSqlite, sqliteLogs } from './sqlite.ts'
import { historyOf, storeOf } from './store.ts'

/** What one runtime brings to the service. */
export interface ServicePlatform {
  /** e.g. `Node 20.20.2`. */
  readonly name: string
  createParlor(options: ParlorOptions): Parlor
  readonly openSqlite: OpenSqlite
  /** The option of that name does something. */
  readonly hasWriterThreads: boolean
  /** Serves the app that `mount` makes. Fails where it can't listen. */
  serve(app: Hono, at: { readonly port: number; readonly hostname: string }): Listening | Promise<Listening>
}

export interface Listening {
  readonly port: number
  /** Accepts nothing more, as far as the runtime can without touching the sockets that are there. */
  refuse(): void
  /** Ends when everything that was accepted has ended. */
  stop(): Promise<void>
}

/** s for which the token of the printed address is good. */
const GUEST_TOKEN_LIFE = 24 * 3600
/** ms that sockets have to take what was sent before they are closed, and to close. */
const DRAIN_TIME = 1500
/** ms after which a stop is forced. */
const STOP_LIMIT = 8000

/** The service: settings, banner, signals. Ends the process with code 1, and says why, where it can't start. */
export async function runService(platform: ServicePlatform): Promise<void> {
  const config = configure(platform)
  if (!config) return
  const log = serviceLogger(config)
  const secret = config.PARLOR_AUTH_SECRET || undefined
  const made = secret === undefined && config.PARLOR_AUTH === 'on' ? systemRandom.id(52) : undefined
  const adapter = openAdapter(config, platform, log)
  if (!adapter) return
  const parlor = platform.createParlor({
    ...optionsOf(config, secret ?? made, log),
    adapter,
    guestTokens: made !== undefined,
    drainWindow: config.PARLOR_DRAIN_WINDOW,
    maxLinger: config.PARLOR_MAX_LINGER,
    writerThreads: platform.hasWriterThreads ? config.PARLOR_WRITER_THREADS : undefined,
  })
  try {
    const listening = await platform.serve(new Hono().route('/', parlor.routes), {
      port: config.PORT,
      hostname: config.HOST,
    })
    stopOnSignals(parlor, listening, log)
    await announce(platform, config, listening.port, made, log)
  } catch (reason) {
    fail(`Parlor can't listen on ${config.HOST}:${config.PORT}: ${wordsOf(reason)}\n--port and --host say where else.`)
  }
}

function configure(platform: ServicePlatform): Config | undefined {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2),
      options: { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) {
      process.stdout.write(`${help(platform)}\n`)
      return undefined
    }
    const { port, host } = values
    const env = {
      ...process.env,
      ...(port === undefined ? {} : { PORT: port }),
      ...(host === undefined ? {} : { HOST: host }),
    }
    const config = readSettings(env)
    checkThreads(config, platform)
    return config
  } catch (reason) {
    if (reason instanceof ConfigError)
      fail(`Parlor can't start with these settings:\n  ${reason.problems.join('\n  ')}\n--help prints them all.`)
    else fail(`${wordsOf(reason)}\n--help prints what there is.`)
    return undefined
  }
}

/** Throws a ConfigError where threads are asked for that nothing would come of. */
function checkThreads({ PARLOR_WRITER_THREADS: threads }: Config, { name, hasWriterThreads }: ServicePlatform): void {
  if (hasWriterThreads || !threads) return
  throw new ConfigError([
    `PARLOR_WRITER_THREADS: "${threads}" does nothing on ${name}: there are writer threads on Node only`,
  ])
}

function openAdapter(config: Config, { openSqlite }: ServicePlatform, log: Logger): BroadcastAdapter | undefined {
  try {
    const limitsOf = (): LogLimits => historyOf(config)
    const store = storeOf(config, (file) => sqliteLogs(openSqlite, file))
    return store({ clock: systemClock, loop: eventLoop, random: systemRandom, log, limitsOf })
  } catch (reason) {
    fail(`Parlor can't use the log that PARLOR_STORE names:\n  ${wordsOf(reason)}`)
    return undefined
  }
}

const help = ({ name }: ServicePlatform): string => `Parlor: real-time rooms over WebSocket (on ${name})

Arguments: --port PORT, --host HOST, --help (npm start takes them behind --)

Settings from the environment, with their defaults:
${describeSettings()}`

/** Says where the service is, with a token where the secret was made for this run, and how to try it. */
async function announce(
  platform: ServicePlatform,
  config: Config,
  port: number,
  made: string | undefined,
  log: Logger,
): Promise<void> {
  const host =
    config.HOST === '0.0.0.0' || config.HOST === '::'
      ? 'localhost'
      : config.HOST.includes(':')
        ? `[${config.HOST}]`
        : config.HOST
  const lines = [`Parlor (${platform.name}) is listening on http://${host}:${port}`]
  let query = ''
  if (made !== undefined) {
    const exp = Math.floor(systemClock.now() / 1000) + GUEST_TOKEN_LIFE
    query = `?token=${await signToken({ sub: 'guest', name: 'Guest', guest: true, exp }, made)}`
    lines.push('', `  chat page   http://${host}:${port}/${query}`)
  } else {
    lines.push('', `  chat page   http://${host}:${port}/${config.PARLOR_AUTH === 'off' ? '' : '?token=<token>'}`)
    if (config.PARLOR_AUTH === 'on') query = '?token=<token>'
  }
  lines.push(`  try it      npx wscat -c 'ws://${host}:${port}/chat${query}'`)
  if (made !== undefined)
    lines.push('', '  The token is good for this run, for a day at most. Set PARLOR_AUTH_SECRET to sign your own.')
  process.stdout.write(`${lines.join('\n')}\n\n`)
  if (config.PARLOR_AUTH === 'off')
    log.warn('PARLOR_AUTH=off: everybody who reaches this port may connect, without a token')
}

/** The first signal drains and stops, a second one after a second ends the process at once (npm passes Ctrl-C on twice). */
function stopOnSignals(parlor: Parlor, listening: Listening, log: Logger): void {
  let began: number | undefined
  const onSignal = (): void => {
    if (began === undefined) {
      began = systemClock.now()
      void stop(parlor, listening, log)
    } else if (systemClock.now() - began >= 1000) process.exit(1)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

async function stop(parlor: Parlor, listening: Listening, log: Logger): Promise<void> {
  log.info('stopping', parlor.stats())
  setTimeout(() => process.exit(0), STOP_LIMIT)
  listening.refuse()
  await parlor.drain(DRAIN_TIME)
  await parlor.close()
  await Promise.race([listening.stop(), new Promise((resolve) => setTimeout(resolve, DRAIN_TIME))])
  log.info('stopped')
  process.exit(0)
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
