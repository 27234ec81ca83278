/**
 * Bindings as kombu keeps them: members of the set `_kombu.binding.<exchange>`, each the routing key, a Python regular
 * expression made of it, and the queue.
 *
 * Publishers match with the regular expression, which means something else than AMQP does: `*` is one or more words, and
 * the dot before `#` must be there. Python peers do so, hence we do on Redis.
 */

import { separator } from './kombu.ts'
import type { Matcher } from '../../topic.ts'

/** A queue that wants the messages of some routing keys. */
export interface Binding {
  readonly queue: string
  readonly matches: Matcher
}

/** The set in which an exchange keeps its bindings. */
export function bindingSet(exchange: string): string {
  return `_kombu.binding.${exchange}`
}

/** Writes a binding. Refuses names that would make every Python publisher of the exchange fail. */
export function encodeBinding(routingKey: string, queue: string): string {
  for (const [what, name] of Object.entries({ 'routing key': routingKey, queue })) {
    if (name.includes(separator) || /[\r\n\0]/.test(name)) {
      throw new TypeError(
        `the ${what} ${JSON.stringify(name)} has control characters that part fields on Redis`,
      )
    }
  }
  return [routingKey, keyToPattern(routingKey), queue].join(separator)
}

/** Reads a binding; undefined where the member is none. Members without a pattern are those of direct exchanges. */
export function decodeBinding(member: string): Binding | undefined {
  const [key, pattern, queue, ...more] = member.split(separator)
  if (key === undefined || pattern === undefined || queue === undefined || more.length > 0) return undefined
  return { queue, matches: pattern === '' ? (routingKey) => routingKey === key : matcherOf(key, pattern) }
}

/** The regular expression that kombu makes of a binding key. */
export function keyToPattern(key: string): string {
  const words = key.split('.').map((word) => {
    if (word === '*') return String.raw`.*?[^\.]`
    if (word === '#') return '.*?'
    if (/[*#]/.test(word))
      throw new TypeError(`the binding key "${key}" has * or # inside a word; it must be a whole word`)
    return escapeWord(word)
  })
  return `^${words.join(String.raw`\.`)}$`
}

/** Letters and digits stay, everything else gets a backslash, as kombu escapes. */
function escapeWord(word: string): string {
  return word.replaceAll(/[^\p{L}\p{N}]/gu, (character) => `\\${character}`)
}

/** A pattern that kombu would make of the key is matched by hand; a foreign one as it is written. */
function matcherOf(key: string, pattern: string): Matcher {
  if (isMadeOf(key, pattern)) return redisMatcher(key)
  const expression = compile(pattern)
  return (routingKey) => expression?.test(routingKey) ?? false
}

function isMadeOf(key: string, pattern: string): boolean {
  try {
    return keyToPattern(key) === pattern
  } catch {
    return false
  }
}

/** Patterns come from a shared database: what could be slow to match is not matched at all. */
function compile(pattern: string): RegExp | undefined {
  if (pattern.length > 500 || /[*+}?]\)?[*+{]|\([^)]*[*+]/.test(pattern)) return undefined
  try {
    return new RegExp(pattern.startsWith('^') ? pattern : `^(?:${pattern})`)
  } catch {
    return undefined
  }
}

/**
 * Matches as the regular expression would, without one: it is a row of fixed texts with gaps between them, of which a
 * `*` must be filled with something that does not end in a dot.
 */
export function redisMatcher(key: string): Matcher {
  if (!/[*#]/.test(key)) return (routingKey) => routingKey === key
  const pattern = key.split('.')
  return (routingKey) => !/[\r\n]/.test(routingKey) && matchFrom(pattern, routingKey)
}

/**
 * A table instead of backtracking: the set of places in the key at which the words so far can end, one word after the
 * other.
 */
function matchFrom(pattern: readonly string[], key: string): boolean {
  let ends = new Set([0])
  pattern.forEach((word, index) => {
    const starts = index === 0 ? [...ends] : [...ends].filter((at) => key[at] === '.').map((at) => at + 1)
    ends = new Set(starts.flatMap((at) => endsOf(word, key, at)))
  })
  return ends.has(key.length)
}

function endsOf(word: string, key: string, at: number): number[] {
  if (word !== '*' && word !== '#') return key.startsWith(word, at) ? [at + word.length] : []
  const first = word === '*' ? at + 1 : at
  const ends: number[] = []
  for (let end = first; end <= key.length; end++) if (word === '#' || key[end - 1] !== '.') ends.push(end)
  return ends
}
