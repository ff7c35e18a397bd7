import leven, { closestMatch } from 'leven'
import { type Config, ConfigError, type Environment, explain, originsExpected, readConfig } from '../core/config.ts'
import { originOf } from '../http/origin.ts'

const ORIGINS = 'PARLOR_ALLOWED_ORIGINS'

/** The settings of the service. Throws a ConfigError that lists what can't be. */
export function readSettings(env: Environment): Config {
  const config = readConfig(env, closest)
  // The core knows no URLs: it has looked at their shape only.
  const wrong = config[ORIGINS].filter((entry) => entry !== '*' && originOf(entry) === undefined)
  if (wrong.length > 0) throw new ConfigError([explain(ORIGINS, env, originsExpected(wrong))])
  return config
}

/** The name most like `name`; where one ends with its words or begins much like it, that one: people leave words out. */
function closest(name: string, names: readonly string[]): string | undefined {
  const ending = names.find((known) => known.endsWith(name.slice('PARLOR'.length)))
  if (ending !== undefined) return ending
  const beginnings = names.map((known) => known.slice(0, name.length))
  const beginning = closestMatch(name, beginnings)
  const isMuchLike = beginning !== undefined && leven(name, beginning) <= Math.max(1, name.length / 8)
  return isMuchLike ? names[beginnings.indexOf(beginning)] : closestMatch(name, [...names])
}
