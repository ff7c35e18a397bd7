import {
  configureSync,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from '@logtape/logtape'
import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'

/** Structured logs of the service on the console, by LogTape: it is the same on every runtime. */
export function serviceLogger({
  PARLOR_LOG_LEVEL: level,
  PARLOR_LOG_FORMAT: format,
}: Pick<Config, 'PARLOR_LOG_LEVEL' | 'PARLOR_LOG_FORMAT'>): Logger {
  const formatter = format === 'json' ? getJsonLinesFormatter({ properties: 'flatten' }) : textWithFields
  configureSync({
    sinks: { console: getConsoleSink({ formatter }) },
    loggers: [
      { category: ['logtape', 'meta'], lowestLevel: 'warning', sinks: ['console'] },
      { category: 'parlor', lowestLevel: level === 'off' ? null : level, sinks: ['console'] },
    ],
    reset: true,
  })
  const logger = getLogger('parlor')
  return {
    debug: (message, fields) => logger.debug(message, plain(fields)),
    info: (message, fields) => logger.info(message, plain(fields)),
    warn: (message, fields) => logger.warn(message, plain(fields)),
    error: (message, fields) => logger.error(message, plain(fields)),
  }
}

const text = getTextFormatter({ timestamp: 'rfc3339' })

function textWithFields(record: LogRecord): string {
  const fields = Object.entries(record.properties).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${text(record).trimEnd()}${fields.join('')}`
}

/** Errors as text: what formatters make of the objects differs. */
function plain(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? String(value)) : value,
    ]),
  )
}
