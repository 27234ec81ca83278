/** The names that a reply queue can have on Redis, where queues are keys beside all other keys. */

const SYSTEM_KEYS = new Set(['unacked', 'unacked_index', 'unacked_mutex'])
const SYSTEM_PREFIXES = ['_kombu.', '_commissaire.', '/{', 'unacked_']
const SYSTEM_SUFFIXES = ['.dead', '.retry']
/** Separates a queue from its priority. */
const SEPARATOR = '\u0006\u0016'

/** Returns why a name cannot be that of a reply queue; undefined when it can. */
export function replyRule(name: string): string | undefined {
  if (SYSTEM_KEYS.has(name) || SYSTEM_PREFIXES.some((prefix) => name.startsWith(prefix)))
    return 'it is a key of the message system'
  if (SYSTEM_SUFFIXES.some((suffix) => name.endsWith(suffix))) return 'it is a queue of the message system'
  return name.includes(SEPARATOR) ? 'it is a list of a queue' : undefined
}
