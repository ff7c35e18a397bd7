/** Structured logs with levels. No message content and no token is ever logged. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The application's `log`, silent where there is none: what it throws, or rejects with, has nowhere to go and ends nothing. */
export function loggerOf(log: Logger | undefined): Logger {
  if (!log) return SILENT
  const quietly = async (write: () => unknown): Promise<void> => {
    try {
      await write()
    } catch {
      // It can not be logged.
    }
  }
  return {
    debug: (message, fields) => void quietly(() => log.debug(message, fields)),
    info: (message, fields) => void quietly(() => log.info(message, fields)),
    warn: (message, fields) => void quietly(() => log.warn(message, fields)),
    error: (message, fields) => void quietly(() => log.error(message, fields)),
  }
}
