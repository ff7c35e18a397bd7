import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import type { CommonOptions } from './options.ts'
import { historyOf } from './store.ts'

/** Those of the service's settings that mean something on every platform, as options. */
export function optionsOf(config: Config, secret: string | undefined, log: Logger): CommonOptions {
  return {
    auth: config.PARLOR_AUTH === 'off' || secret === undefined ? 'off' : { secret },
    allowedOrigins: config.PARLOR_ALLOWED_ORIGINS,
    history: historyOf(config),
    limits: {
      message: config.PARLOR_MAX_MESSAGE_SIZE,
      roomName: config.PARLOR_MAX_ROOM_NAME,
      rooms: config.PARLOR_MAX_ROOMS,
      badFrames: config.PARLOR_MAX_BAD_FRAMES,
      connections: config.PARLOR_MAX_CONNECTIONS,
      connectionsPerAddress: config.PARLOR_MAX_CONNECTIONS_PER_ADDRESS,
      publishRate: config.PARLOR_MAX_PUBLISH_RATE,
      request: config.PARLOR_REQUEST_TIMEOUT,
    },
    heartbeat: { interval: config.PARLOR_HEARTBEAT_INTERVAL, grace: config.PARLOR_HEARTBEAT_GRACE },
    page: true,
    log,
  }
}
