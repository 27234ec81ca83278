/**
 * Bindings as kombu stores them: members of the set `_kombu.binding.<exchange>`, each with the routing key, a Python
 * regular expression made from it, and the queue.
 *
 * Publishers match with the regular expression, whose meaning differs from AMQP: `*` matches one or more words, and the
 * dot before `#` is required. Python peers match this way, so this transport does too.
 */

import { separator } from './kombu.ts'
import type { Matcher } from '../../topic.ts'

/** A queue, and the routing keys that it is bound to. */
export interface Binding {
  readonly queue: string
  readonly matches: Matcher
}

/** Returns the key of the set that holds the bindings of an exchange. */
export function bindingSet(exchange: string): string {
  return `_kombu.binding.${exchange}`
}

/** Writes a binding. Refuses names that make every Python publisher of the exchange fail. */
export function encodeBinding(routingKey: string, queue: string): string {
  for (const [what, name] of Object.entries({ 'routing key': routingKey, queue })) {
    if (name.includes(separator) || /[\r\n\0]/.test(name)) {
      throw new TypeError(
        `cannot bind on Redis: the ${what} ${JSON.stringify(name)} has control characters, which separate fields there; remove them`,
      )
    }
  }
  return [routingKey, keyToPattern(routingKey), queue].join(separator)
}

/** Reads a binding; returns undefined for an invalid member. Bindings of direct exchanges have no pattern. */
export function decodeBinding(member: string): Binding | undefined {
  const [key, pattern, queue, ...more] = member.split(separator)
  if (key === undefined || pattern === undefined || queue === undefined || more.length > 0) return undefined
  return { queue, matches: pattern === '' ? (routingKey) => routingKey === key : matcherOf(key, pattern) }
}

/** Returns the regular expression that kombu makes from a binding key. */
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

/** Escapes as kombu does: every character except letters and digits gets a backslash. */
function escapeWord(word: string): string {
  return word.replaceAll(/[^\p{L}\p{N}]/gu, (character) => `\\${character}`)
}

/** Matches without a regular expression when the pattern is what kombu makes from the key; otherwise compiles it. */
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

/** Compiles a pattern from the shared database; returns undefined for one that could be slow to match. */
function compile(pattern: string): RegExp | undefined {
  if (pattern.length > 500 || /[*+}?]\)?[*+{]|\([^)]*[*+]/.test(pattern)) return undefined
  try {
    return new RegExp(pattern.startsWith('^') ? pattern : `^(?:${pattern})`)
  } catch {
    return undefined
  }
}

/**
 * Matches like kombu's regular expression, without one: fixed texts with gaps between them, where the text in the gap
 * of a `*` must not end in a dot.
 */
export function redisMatcher(key: string): Matcher {
  if (!/[*#]/.test(key)) return (routingKey) => routingKey === key
  const pattern = key.split('.')
  return (routingKey) => !/[\r\n]/.test(routingKey) && matchFrom(pattern, routingKey)
}

/**
 * Matches without backtracking: computes for each word of the pattern the set of positions in the key where the words
 * up to it can end.
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
