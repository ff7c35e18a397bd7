import { closestMatch } from 'leven'
import { type Config, ConfigError, type Environment, explain, originsExpected, readConfig } from '../core/config.ts'
import { originOf } from '../http/origin.ts'

const ORIGINS = 'PARLOR_ALLOWED_ORIGINS'

/** The settings of the service. Throws a ConfigError that lists what can't be. */
export function readSettings(env: Environment): Config {
  const config = readConfig(env, (name, names) => closestMatch(name, [...names]))
  // The core knows no URLs: it has looked at their shape only.
  const wrong = config[ORIGINS].filter((entry) => entry !== '*' && originOf(entry) === undefined)
  if (wrong.length > 0) throw new ConfigError([explain(ORIGINS, env, originsExpected(wrong))])
  return config
}
